// SPDX-License-Identifier: Apache-2.0
// What sysfs and VFIO would answer.
#include "tests/unit/service/fake_devices.hpp"

#include "common/base/error.hpp"
#include "common/vfio/group_not_viable.hpp"

#include <cerrno>

namespace aliasvm::service
{

namespace
{

constexpr std::uint32_t gem_status = 0x8;
constexpr std::uint32_t gem_mdio_idle = 0x4;
constexpr std::uint32_t gem_transmit_status = 0x14;

class PlainMemory final : public quiesce::RegisterWindow
{
public:
    PlainMemory(FakeDevices& devices, const std::string& instance)
        : devices_{devices}, instance_{instance}
    {
    }
    std::uint32_t read(std::uint32_t offset) override { return devices_.at(instance_, offset); }
    void write(std::uint32_t offset, std::uint32_t value) override
    {
        devices_.at(instance_, offset) = value;
    }

private:
    FakeDevices& devices_;
    const std::string& instance_;
};

} // namespace

FakeDevices::FakeDevices()
{
    const vfio::Irq level{.automasked = true};
    models_["ttc0"] = &host_.add("ff110000.timer", {{page_size, true}}, {level, level, level});
    models_["ttc1"] = &host_.add("ff120000.timer", {{page_size, true}}, {level, level, level});
    models_["ttc2"] = &host_.add("ff130000.timer", {{page_size, true}}, {level, level, level});
    for (const auto& [name, sysname] :
         {std::pair{"gem0", "ff0b0000.ethernet"}, std::pair{"gem1", "ff0c0000.ethernet"}})
    {
        models_[name] = &host_.add(sysname, {{page_size, true}}, {level, level});
        at(name, gem_status) = gem_mdio_idle;
    }
    models_["uart1"] = &host_.add("ff010000.serial");
}

volatile std::uint32_t& FakeDevices::at(const std::string& instance, std::uint32_t offset)
{
    std::byte* const registers = models_.at(instance)->registers(0);
    return *reinterpret_cast<volatile std::uint32_t*>(registers + offset);
}

void FakeDevices::clear_transmit_status(const std::string& gem)
{
    at(gem, gem_transmit_status) = 0;
}

quiesce::SavedRegisters FakeDevices::save(const std::string& instance)
{
    PlainMemory registers{*this, instance};
    const std::vector<std::string> compatible{instance.starts_with("ttc") ? "cdns,ttc"
                                                                          : "xlnx,zynqmp-gem"};
    return quiesce::SavedRegisters::save(compatible, registers);
}

void FakeDevices::restore(const std::string& instance, const quiesce::SavedRegisters& saved)
{
    PlainMemory registers{*this, instance};
    saved.restore(registers);
}

bool FakeDevices::present(const plan::Instance& instance) const
{
    return models_.contains(instance.name) && !absent.contains(instance.name);
}

bool FakeDevices::bound(const plan::Instance& instance) const
{
    return bound_ones.contains(instance.name);
}

bool FakeDevices::unused(const plan::Instance& instance) const
{
    return present(instance) && !bound(instance) && !drivers.contains(instance.name);
}

void FakeDevices::bind(const plan::Instance& instance, daemon::Force force)
{
    if (bind_error != 0)
        throw Error{bind_error, "fake: bind {}", instance.name};
    if (const auto held = drivers.find(instance.name); held != drivers.end())
    {
        if (force == daemon::Force::no)
            throw daemon::HeldByDriver{instance.sysname, held->second};
        drivers.erase(held);
    }
    bound_ones.insert(instance.name);
}

void FakeDevices::release(const plan::Instance& instance)
{
    bound_ones.erase(instance.name);
}

Dma FakeDevices::dma(const plan::Instance& instance) const
{
    return !instance.dma() ? Dma::none : has_iommu ? Dma::iommu : Dma::identity;
}

std::unique_ptr<vfio::PlatformDevice> FakeDevices::open(const plan::Instance& instance)
{
    if (group_not_viable)
        throw vfio::GroupNotViable{EPERM, "fake: ff0e0000.ethernet (macb) is of the same group"};
    if (open_error != 0)
        throw Error{open_error, "fake: open {}", instance.name};
    if (!bound(instance))
        throw Error{EPERM, "fake: {} is not bound", instance.name};
    if (elsewhere.contains(instance.name))
        throw Error{EBUSY, "fake: {} is open in {}", instance.name, elsewhere.at(instance.name)};
    models_.at(instance.name)->noiommu = !has_iommu;
    return host_.open(instance.sysname, dma(instance));
}

} // namespace aliasvm::service
