// SPDX-License-Identifier: Apache-2.0
// Automasking, resampling and exclusiveness as vfio-platform has them.
#include "tests/fakes/fake_vfio.hpp"

#include "tests/fakes/keep.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace aliasvm::fakes
{

DeviceModel::DeviceModel(std::string name, std::vector<vfio::Region> regions,
                         std::vector<vfio::Irq> irqs)
    : name_{std::move(name)}, regions_{std::move(regions)}
{
    for (const vfio::Irq& irq : irqs)
    {
        irqs_.emplace_back();
        irqs_.back().kind = irq;
    }
    for (const vfio::Region& region : regions_)
    {
        UniqueFd memory{::memfd_create("registers", MFD_CLOEXEC)};
        if (!memory.ok() || ::ftruncate(memory.get(), static_cast<off_t>(region.size)) < 0)
            throw Error{errno, "fake: make the registers of {}", name_};
        registers_.push_back(Mapping::shared(memory.get(), 0, region.size, "fake registers"));
        memory_.push_back(std::move(memory));
    }
}

void DeviceModel::fail(Call call, int error, unsigned skip)
{
    const std::lock_guard lock{mutex_};
    faults_.fail(call, error, skip);
}

void DeviceModel::check(Call call, const std::string& words)
{
    faults_.check(call, words);
    if (nth_call != nullptr)
        nth_call->check(words);
}

void DeviceModel::call(Call call, const std::string& words)
{
    check(call, words);
    if (on_call)
        on_call(words);
}

DeviceModel::IrqState& DeviceModel::state(vfio::IrqIndex index)
{
    if (index.value >= irqs_.size())
        throw Error{EINVAL, "fake: {} has no interrupt {}", name_, index.value};
    return irqs_[index.value];
}

/// What the interrupt controller does when the line is, or comes, on.
void DeviceModel::deliver(IrqState& irq)
{
    if (!irq.event || irq.masked)
        return;
    if (irq.kind.automasked ? !irq.up : !irq.latched)
        return;
    irq.latched = false;
    irq.masked = irq.kind.automasked;
    ++irq.fired;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(irq.event->get(), &one, sizeof one);
}

void DeviceModel::unmask_locked(IrqState& irq)
{
    irq.masked = false;
    deliver(irq);
}

void DeviceModel::settle_locked()
{
    for (IrqState& irq : irqs_)
    {
        std::uint64_t count = 0;
        if (irq.unmask_on && ::read(irq.unmask_on->get(), &count, sizeof count) > 0)
            unmask_locked(irq);
    }
}

void DeviceModel::settle()
{
    const std::lock_guard lock{mutex_};
    settle_locked();
}

void DeviceModel::raise(std::uint32_t irq)
{
    const std::lock_guard lock{mutex_};
    settle_locked();
    irqs_.at(irq).up = true;
    irqs_.at(irq).latched = true;
    deliver(irqs_.at(irq));
}

void DeviceModel::lower(std::uint32_t irq)
{
    const std::lock_guard lock{mutex_};
    settle_locked();
    irqs_.at(irq).up = false;
}

bool DeviceModel::opened() const
{
    const std::lock_guard lock{mutex_};
    return opened_;
}

bool DeviceModel::masked(std::uint32_t irq)
{
    const std::lock_guard lock{mutex_};
    settle_locked();
    return irqs_.at(irq).masked;
}

bool DeviceModel::has_signal(std::uint32_t irq) const
{
    const std::lock_guard lock{mutex_};
    return irqs_.at(irq).event.has_value();
}

bool DeviceModel::resamples(std::uint32_t irq) const
{
    const std::lock_guard lock{mutex_};
    return irqs_.at(irq).unmask_on.has_value();
}

unsigned DeviceModel::fired(std::uint32_t irq)
{
    const std::lock_guard lock{mutex_};
    settle_locked();
    return irqs_.at(irq).fired;
}

std::byte* DeviceModel::registers(std::uint32_t region) const
{
    return registers_.at(region).data();
}

// ---- the port --------------------------------------------------------------------------------

class FakePlatformDevice final : public vfio::PlatformDevice
{
public:
    /// `usable` is what the IOMMU in front of a bus master can translate; null if there is none.
    FakePlatformDevice(DeviceModel& model, const std::vector<GuestRange>* usable)
        : model_{model}, fd_{::memfd_create("device", MFD_CLOEXEC)}, usable_{usable}
    {
        if (usable_ != nullptr)
            container_ = UniqueFd{::memfd_create("container", MFD_CLOEXEC)};
    }
    ~FakePlatformDevice() override
    {
        // Closing takes the eventfds along; the next one to open starts unmasked.
        const std::lock_guard lock{model_.mutex_};
        for (auto& irq : model_.irqs_)
        {
            irq.event.reset();
            irq.unmask_on.reset();
            irq.masked = false;
        }
        model_.opened_ = false;
        model_.dma.clear(); // the container closes with it
        if (model_.on_call)
            model_.on_call("close");
    }

    const std::string& name() const noexcept override { return model_.name_; }

    vfio::Region region(vfio::RegionIndex index) const override
    {
        const std::lock_guard lock{model_.mutex_};
        model_.check(DeviceModel::Call::region, fmt::format("region {}", index.value));
        return region_locked(index);
    }

    vfio::Irq irq(vfio::IrqIndex index) const override
    {
        const std::lock_guard lock{model_.mutex_};
        model_.check(DeviceModel::Call::irq, fmt::format("irq {}", index.value));
        model_.settle_locked();
        return model_.state(index).kind;
    }

    Mapping map(vfio::RegionIndex index) override
    {
        const std::lock_guard lock{model_.mutex_};
        model_.call(DeviceModel::Call::map, fmt::format("map {}", index.value));
        const vfio::Region kind = region_locked(index);
        if (!kind.mappable)
            throw Error{EINVAL, "fake: region {} of {} is not mappable", index.value, model_.name_};
        return Mapping::shared(model_.memory_[index.value].get(), 0, kind.size, model_.name_);
    }

    void set_signal(vfio::IrqIndex index, const EventFd& event) override
    {
        try
        {
            change(DeviceModel::Call::set_signal, "set_signal", index,
                   [&](DeviceModel::IrqState& irq)
                   {
                       irq.event = keep(event);
                       model_.deliver(irq);
                   });
        }
        catch (const Error&)
        {
            // vfio_set_trigger() takes the old one away before it tries the new one.
            const std::lock_guard lock{model_.mutex_};
            model_.state(index).event.reset();
            throw;
        }
    }

    void clear_signal(vfio::IrqIndex index) override
    {
        change(DeviceModel::Call::clear_signal, "clear_signal", index,
               [](DeviceModel::IrqState& irq) { irq.event.reset(); });
    }

    void set_unmask_on(vfio::IrqIndex index, const EventFd& resample) override
    {
        change_level(DeviceModel::Call::set_unmask_on, "set_unmask_on", index,
                     [&](DeviceModel::IrqState& irq)
                     {
                         if (irq.unmask_on)
                             throw Error{EBUSY, "fake: resampled already"};
                         irq.unmask_on = keep(resample);
                         model_.settle_locked(); // a count from before counts
                     });
    }

    void clear_unmask(vfio::IrqIndex index) override
    {
        change_level(DeviceModel::Call::clear_unmask, "clear_unmask", index,
                     [](DeviceModel::IrqState& irq) { irq.unmask_on.reset(); });
    }

    void mask(vfio::IrqIndex index) override
    {
        change_level(DeviceModel::Call::mask, "mask", index,
                     [](DeviceModel::IrqState& irq) { irq.masked = true; });
    }

    void unmask(vfio::IrqIndex index) override
    {
        change_level(DeviceModel::Call::unmask, "unmask", index,
                     [this](DeviceModel::IrqState& irq) { model_.unmask_locked(irq); });
    }

    std::vector<GuestRange> dma_reach() const override
    {
        require_confined();
        return *usable_;
    }

    void map_memory(const GuestRange& guest, std::byte* host) override
    {
        require_confined();
        const std::lock_guard lock{model_.mutex_};
        model_.call(DeviceModel::Call::map_memory, "map_memory");
        for (const GuestRange& range : *usable_)
        {
            if (const auto piece = intersection(guest, range))
                model_.dma.emplace_back(*piece, host + (piece->base - guest.base));
        }
    }

    void unmap_memory(const GuestRange& guest) override
    {
        require_confined();
        const std::lock_guard lock{model_.mutex_};
        model_.call(DeviceModel::Call::unmap_memory, "unmap_memory");
        std::erase_if(model_.dma, [&guest](const auto& piece)
                      { return guest.contains(piece.first.base, piece.first.size); });
    }

    std::vector<int> descriptors() const override
    {
        std::vector<int> all{fd_.get()};
        if (container_.ok())
            all.push_back(container_.get());
        return all;
    }

private:
    void require_confined() const
    {
        if (usable_ == nullptr)
            throw Error{EINVAL, "fake: no IOMMU confines {}", model_.name_};
    }

    vfio::Region region_locked(vfio::RegionIndex index) const
    {
        if (index.value >= model_.regions_.size())
            throw Error{EINVAL, "fake: {} has no region {}", model_.name_, index.value};
        return model_.regions_[index.value];
    }

    template <class Action>
    void change(DeviceModel::Call call, std::string_view word, vfio::IrqIndex index,
                Action&& action)
    {
        const std::lock_guard lock{model_.mutex_};
        model_.settle_locked();
        model_.call(call, fmt::format("{} {}", word, index.value));
        action(model_.state(index));
    }

    /// What vfio-platform answers EINVAL to for an edge interrupt.
    template <class Action>
    void change_level(DeviceModel::Call call, std::string_view word, vfio::IrqIndex index,
                      Action&& action)
    {
        change(call, word, index,
               [&](DeviceModel::IrqState& irq)
               {
                   if (!irq.kind.automasked)
                       throw Error{EINVAL, "fake: {} of an edge interrupt", word};
                   action(irq);
               });
    }

    DeviceModel& model_;
    UniqueFd fd_; ///< stands for the device, where somebody wants a descriptor
    UniqueFd container_;
    const std::vector<GuestRange>* usable_;
};

DeviceModel& FakeHost::add(std::string name, std::vector<vfio::Region> regions,
                           std::vector<vfio::Irq> irqs)
{
    auto model = std::make_unique<DeviceModel>(name, std::move(regions), std::move(irqs));
    return *(devices_[std::move(name)] = std::move(model));
}

DeviceModel& FakeHost::device(std::string_view name) const
{
    const auto found = devices_.find(name);
    if (found == devices_.end())
        throw Error{ENODEV, "fake: there is no {}", name};
    return *found->second;
}

std::unique_ptr<vfio::PlatformDevice> FakeHost::open(std::string_view name, Dma wanted)
{
    DeviceModel& model = device(name);
    const std::lock_guard lock{model.mutex_};
    model.call(DeviceModel::Call::open, fmt::format("open {}", name));
    if (model.opened_)
        throw Error{EBUSY, "fake: {} is open already", name};
    const bool confined = wanted == Dma::iommu;
    if (confined && model.noiommu)
        throw Error{EPERM, "fake: nothing confines the DMA of {}", name};
    if (wanted == Dma::identity && !model.noiommu)
        throw Error{EPERM, "fake: an IOMMU stops the DMA of {}", name};
    model.opened_ = true;
    return std::make_unique<FakePlatformDevice>(model, confined ? &usable : nullptr);
}

} // namespace aliasvm::fakes
