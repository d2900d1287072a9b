// SPDX-License-Identifier: Apache-2.0
// The parts of a machine, and its power-on.
#include "vmm/machine/machine.hpp"

#include "common/base/error.hpp"
#include "vmm/machine/image_loader.hpp"

#include <fcntl.h>

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

/// One slot each.
std::vector<plan::Bank> banks_of(const plan::VmPlan& plan)
{
    std::vector<plan::Bank> banks = plan.memory;
    if (plan.ocm)
        banks.push_back(*plan.ocm);
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
      vcpus_{create_vcpus(*vm_, plan.vcpus)}, memory_{*vm_, new_slots(banks_of(plan).size()),
                                                      banks_of(plan), hugepages},
      aliases_{*vm_, *vgic_, DmaMemory{memory_, plan.dma_holes}}, irqs_{*vm_, *vgic_},
      statistics_{ask_statistics(*vm_, vcpus_)}
{
    // From here on lines can be connected: irqfds and line levels need a GIC that is ready.
    vgic_->init();
    for (const plan::AliasPlan& alias : plan.aliases)
    {
        aliases_.add(alias, new_slots(alias.windows.size()), host);
        connect(alias, console_sink);
    }

    load_images(memory_, plan, dtb);
    vcpus_.front()->set_entry(plan.kernel.entry, plan.dtb.memory.base.value);

    aliases_.show();
    for (std::uint32_t i = 0; i < plan.vcpus; ++i)
        threads_.add(kvm::VcpuIndex{i}, *vcpus_[i], bus_, notices_);
}

void Machine::power_on()
{
    aliases_.go_live();
    threads_.resume();
}

std::vector<UniqueFd> Machine::statistics() const
{
    std::vector<UniqueFd> copies;
    for (const UniqueFd& one : statistics_)
    {
        UniqueFd copy{::fcntl(one.get(), F_DUPFD_CLOEXEC, 0)};
        if (!copy.ok())
            throw Error{errno, "duplicate a descriptor of statistics"};
        copies.push_back(std::move(copy));
    }
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

void Machine::connect(const plan::AliasPlan& alias, const ConsoleSink& console_sink)
{
    switch (alias.backing)
    {
    case plan::Backing::console:
        return connect_console(alias, console_sink);
    case plan::Backing::power_key:
        return connect_power_key(alias);
    case plan::Backing::instance:
    case plan::Backing::none: // nobody on the bus: reads 0, writes vanish
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

} // namespace aliasvm::machine
