// SPDX-License-Identifier: Apache-2.0
// The parts of a machine, and its power-on.
#include "vmm/machine/machine.hpp"

#include "common/base/error.hpp"
#include "vmm/machine/image_loader.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace aliasvm::machine
{

namespace
{

std::vector<std::unique_ptr<kvm::Vcpu>> create_vcpus(kvm::Vm& vm, std::uint32_t count)
{
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus;
    for (std::uint32_t i = 0; i < count; ++i)
        vcpus.push_back(vm.create_vcpu({i}));
    return vcpus;
}

/// Beside all RAM and all devices: nothing of the SoC is between its lower PCIe window and the STM
/// at 0xf8000000 (UG1085, system address map).
constexpr GuestRange stolen_time_page{{0xf7ff'f000}, page_size};
constexpr std::uint64_t stolen_time_bytes = 64;

/// One slot each.
std::vector<plan::Bank> banks_of(const plan::VmPlan& plan, bool stolen_time)
{
    std::vector<plan::Bank> banks = plan.memory;
    if (plan.ocm)
        banks.push_back(*plan.ocm);
    if (stolen_time)
        banks.push_back({stolen_time_page, false, {}});
    return banks;
}

/// Before the vCPUs run: KVM makes one who asks for a vCPU's wait until it is out of KVM_RUN.
std::vector<UniqueFd> ask_statistics(kvm::Vm& vm,
                                     const std::vector<std::unique_ptr<kvm::Vcpu>>& vcpus)
{
    std::vector<UniqueFd> all;
    const auto add = [&all](UniqueFd one)
    {
        if (one.ok())
            all.push_back(std::move(one));
    };
    add(vm.statistics());
    for (const auto& vcpu : vcpus)
        add(vcpu->statistics());
    return all;
}

} // namespace

Machine::Machine(kvm::System& system, vfio::Host& host, const plan::VmPlan& plan,
                 std::span<const std::byte> dtb, const ConsoleSink& console_sink,
                 const UniqueFd& hugepages)
    : vm_{system.create_vm()}, vgic_{vm_->create_vgic(
                                   {plan.gic_distributor.base, plan.gic_cpu_interface.base})},
      vcpus_{create_vcpus(*vm_, plan.vcpus)},
      memory_{*vm_, new_slots(banks_of(plan, system.stolen_time()).size()),
              banks_of(plan, system.stolen_time()), hugepages},
      watch_{*vgic_, threads_}, aliases_{*vm_, *vgic_, watch_, DmaMemory{memory_, plan.dma_holes}},
      irqs_{*vm_}, space_{memory_, bus_, *vgic_, plan.gic_distributor}, statistics_{ask_statistics(
                                                                            *vm_, vcpus_)}
{
    // From here on lines can be connected: irqfds and line levels need a GIC that is ready.
    vgic_->init();
    vgic_->preset_all_level();
    for (const auto& vcpu : vcpus_)
        vcpu->connect_pmu();
    space_.add_device_slots(plan.gic_cpu_interface);
    for (const plan::AliasPlan& alias : plan.aliases)
    {
        aliases_.add(alias, new_slots(alias.windows.size()), host);
        connect(alias, console_sink);
    }

    if (system.stolen_time())
    {
        for (std::uint32_t i = 0; i < plan.vcpus; ++i)
            vcpus_[i]->set_stolen_time(stolen_time_page.base + i * stolen_time_bytes);
    }
    load_images(memory_, plan, dtb);
    vcpus_.front()->set_entry(plan.kernel.entry, plan.dtb.memory.base.value);

    aliases_.show();
    for (std::uint32_t i = 0; i < plan.vcpus; ++i)
        threads_.add(kvm::VcpuIndex{i}, *vcpus_[i], space_, notices_);
}

void Machine::finish_exits()
{
    if (notices_.take_stillness())
        threads_.finish_exits();
}

void Machine::power_on()
{
    aliases_.go_live();
    threads_.resume();
}

std::vector<UniqueFd> Machine::statistics() const
{
    std::vector<UniqueFd> copies;
    const auto add = [&copies](const UniqueFd& one)
    {
        UniqueFd copy{::fcntl(one.get(), F_DUPFD_CLOEXEC, 0)};
        if (!copy.ok())
            throw Error{errno, "duplicate a descriptor of statistics"};
        copies.push_back(std::move(copy));
    };
    std::ranges::for_each(statistics_, add);
    add(notices_.counts().descriptor());
    return copies;
}

kvm::SlotId Machine::new_slots(std::size_t count) noexcept
{
    return {std::exchange(next_slot_, next_slot_ + static_cast<std::uint32_t>(count))};
}

devices::CadenceUart* Machine::console(std::string_view alias) noexcept
{
    for (Console& console : consoles_)
    {
        if (console.alias == alias)
            return &console.uart;
    }
    return nullptr;
}

bool Machine::press_power_key() noexcept
{
    if (!power_key_)
        return false;
    power_key_->press();
    return true;
}

void Machine::release_power_key() noexcept
{
    if (power_key_)
        power_key_->release();
}

std::optional<int> Machine::clock_descriptor() const noexcept
{
    return clock_ ? std::optional{clock_->host.descriptor()} : std::nullopt;
}

void Machine::serve_clock() noexcept
{
    if (!clock_)
        return;
    clock_->host.woken();
    clock_->rtc.serve();
}

void Machine::connect(const plan::AliasPlan& alias, const ConsoleSink& console_sink)
{
    switch (alias.backing)
    {
    case plan::Backing::console:
        return connect_console(alias, console_sink);
    case plan::Backing::power_key:
        return connect_power_key(alias);
    case plan::Backing::clock:
        return connect_clock(alias);
    case plan::Backing::instance:
    case plan::Backing::none: // nobody on the bus: reads 0, writes vanish
        for (const plan::Window& window : alias.windows)
            space_.add_device_slots(window.guest);
        return;
    }
}

void Machine::connect_console(const plan::AliasPlan& alias, const ConsoleSink& console_sink)
{
    devices::IrqLine& line = irqs_.line(alias.lines.at(0).guest);
    Console& console = consoles_.emplace_back(alias.name, line, console_sink(alias.name));
    bus_.add(alias.windows.at(0).guest, alias.name, console.uart);
}

void Machine::connect_power_key(const plan::AliasPlan& alias)
{
    if (power_key_)
        throw Error{EEXIST, "give the machine a second power key, {}", alias.name};
    power_key_.emplace(irqs_.line(alias.lines.at(0).guest));
    bus_.add(alias.windows.at(0).guest, alias.name, *power_key_);
}

void Machine::connect_clock(const plan::AliasPlan& alias)
{
    if (clock_)
        throw Error{EEXIST, "give the machine a second real-time clock, {}", alias.name};
    // In the binding's order: alarm, seconds.
    clock_.emplace(irqs_.line(alias.lines.at(0).guest), irqs_.line(alias.lines.at(1).guest));
    bus_.add(alias.windows.at(0).guest, alias.name, clock_->rtc);
}

} // namespace aliasvm::machine
