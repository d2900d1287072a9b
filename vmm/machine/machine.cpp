// SPDX-License-Identifier: Apache-2.0
// Power-on and power-off of a machine.
#include "vmm/machine/machine.hpp"

#include "vmm/base/error.hpp"
#include "vmm/machine/image_loader.hpp"

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

} // namespace

Machine::DmaWindow::DmaWindow(vfio::Host& host, const GuestMemory& memory)
    : host_{host}, memory_{memory}
{
    host_.map_memory(memory_.range(), memory_.data());
}

Machine::DmaWindow::~DmaWindow()
{
    try
    {
        host_.unmap_memory(memory_.range());
    }
    catch (const Error&)
    {
        // Closing the container, which comes with the devices, takes the mappings with it.
    }
}

Machine::Machine(kvm::System& system, vfio::Host& host, const plan::VmPlan& plan,
                 std::span<const std::byte> generated_dtb, const ConsoleSink& console_sink)
    : vm_{system.create_vm()}, vgic_{vm_->create_vgic(
                                   {plan.gic_distributor.base, plan.gic_cpu_interface.base})},
      vcpus_{create_vcpus(*vm_, plan.vcpus)}, memory_{*vm_, next_slot(), plan.memory}, irqs_{*vm_,
                                                                                             *vgic_}
{
    // From here on lines can be connected: irqfds and line levels need a GIC that is ready.
    vgic_->init();
    for (const plan::AliasPlan& alias : plan.aliases)
        connect(alias, host, console_sink);
    dma_.emplace(host, memory_);

    load_images(memory_, plan, generated_dtb);
    vcpus_.front()->set_entry(plan.kernel.entry, plan.dtb.memory.base.value);

    irqs_.arm();
    irqs_.go_live();
    for (std::uint32_t i = 0; i < plan.vcpus; ++i)
        threads_.emplace_back(kvm::VcpuIndex{i}, *vcpus_[i], bus_, notices_);
}

Machine::~Machine()
{
    // All at once, so that they leave the guest side by side; then one is joined after the other.
    for (VcpuThread& thread : threads_)
        thread.request_stop();
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

void Machine::connect(const plan::AliasPlan& alias, vfio::Host& host,
                      const ConsoleSink& console_sink)
{
    switch (alias.backing)
    {
    case plan::Backing::instance:
        return connect_instance(alias, host);
    case plan::Backing::console:
        return connect_console(alias, console_sink);
    case plan::Backing::power_key:
        return connect_power_key(alias);
    case plan::Backing::none:
        return; // nobody on the bus: reads 0, writes vanish
    }
}

void Machine::connect_instance(const plan::AliasPlan& alias, vfio::Host& host)
{
    Passthrough& instance = instances_.emplace_back();
    instance.device = host.open(alias.sysname, alias.dma);
    for (const plan::Window& window : alias.windows)
        instance.windows.emplace_back(*vm_, *instance.device, vfio::RegionIndex{window.vfio_region},
                                      next_slot(), window.guest);
    for (const plan::Line& line : alias.lines)
        irqs_.passthrough(*instance.device, {line.vfio_irq}, line.guest);
}

void Machine::connect_console(const plan::AliasPlan& alias, const ConsoleSink& console_sink)
{
    devices::IrqLine& line = irqs_.emulated(alias.lines.at(0).guest);
    Console& console = consoles_.emplace_back(alias.name, line, console_sink(alias.name));
    bus_.add(alias.windows.at(0).guest, alias.name, console.uart);
}

void Machine::connect_power_key(const plan::AliasPlan& alias)
{
    if (power_key_)
        throw Error{EEXIST, "give the machine a second power key, {}", alias.name};
    power_key_.emplace(irqs_.emulated(alias.lines.at(0).guest));
    bus_.add(alias.windows.at(0).guest, alias.name, *power_key_);
}

} // namespace aliasvm::machine
