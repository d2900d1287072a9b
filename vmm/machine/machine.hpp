// SPDX-License-Identifier: Apache-2.0
// Machine: the virtual ZynqMP of one VM.
#pragma once

#include "devices/emulated/cadence_uart.hpp"
#include "devices/emulated/zynqmp_gpio.hpp"
#include "devices/passthrough/alias_window.hpp"
#include "vmm/kvm/port.hpp"
#include "vmm/machine/guest_memory.hpp"
#include "vmm/machine/irq_router.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/notices.hpp"
#include "vmm/machine/vcpu_thread.hpp"
#include "vmm/plan/plan.hpp"
#include "vmm/vfio/port.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aliasvm::machine
{

/// A passed-through instance: the open device, then the windows that need it.
struct Passthrough
{
    std::unique_ptr<vfio::PlatformDevice> device;
    std::deque<devices::AliasWindow> windows;
};

/// The machine is its member list: construction is power-on, destruction power-off. The members
/// come in the order in which hardware would get its power, so that they go in reverse: threads
/// are joined first, then lines disarmed, windows and RAM taken out of the guest, devices closed.
///
/// Construction reads the plan alone; everything in it is checked. Throws Error, with nothing left
/// behind. Main thread; afterwards vCPU threads run beside it, and tell it things by notices().
class Machine
{
public:
    /// Where an emulated console's output goes, by alias name. Called during construction.
    using ConsoleSink = std::function<devices::UartSink&(std::string_view alias)>;

    Machine(kvm::System& system, vfio::Host& host, const plan::VmPlan& plan,
            std::span<const std::byte> generated_dtb, const ConsoleSink& console_sink);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    [[nodiscard]] const Notices& notices() const noexcept { return notices_; }
    [[nodiscard]] const MmioBus& bus() const noexcept { return bus_; }

    /// The emulated UART behind an alias; null if there is none.
    [[nodiscard]] devices::CadenceUart* console(std::string_view alias) noexcept;

    /// The button that tells the guest to power off: pressed, and let go again after the time that
    /// a finger takes (Linux's gpio-keys debounces). False if the machine has none.
    bool press_power_key() noexcept;
    void release_power_key() noexcept;

private:
    struct Console
    {
        Console(std::string name, devices::IrqLine& irq, devices::UartSink& sink)
            : alias{std::move(name)}, uart{irq, sink}
        {
        }

        std::string alias;
        devices::CadenceUart uart;
    };

    /// Guest memory where devices can reach it by DMA, as long as this lives.
    class DmaWindow
    {
    public:
        DmaWindow(vfio::Host& host, const GuestMemory& memory);
        ~DmaWindow();
        DmaWindow(const DmaWindow&) = delete;
        DmaWindow& operator=(const DmaWindow&) = delete;

    private:
        vfio::Host& host_;
        const GuestMemory& memory_;
    };

    [[nodiscard]] kvm::SlotId next_slot() noexcept { return {next_slot_++}; }
    void connect(const plan::AliasPlan& alias, vfio::Host& host, const ConsoleSink& console_sink);
    void connect_instance(const plan::AliasPlan& alias, vfio::Host& host);
    void connect_console(const plan::AliasPlan& alias, const ConsoleSink& console_sink);
    void connect_power_key(const plan::AliasPlan& alias);

    std::uint32_t next_slot_{};
    std::unique_ptr<kvm::Vm> vm_;
    std::unique_ptr<kvm::Vgic> vgic_;
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus_;
    GuestMemory memory_;
    std::deque<Passthrough> instances_;
    IrqRouter irqs_;
    MmioBus bus_;
    std::deque<Console> consoles_;
    std::optional<devices::ZynqmpGpio> power_key_;
    std::optional<DmaWindow> dma_;
    Notices notices_;
    std::deque<VcpuThread> threads_;
};

} // namespace aliasvm::machine
