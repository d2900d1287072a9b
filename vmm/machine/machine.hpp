// SPDX-License-Identifier: Apache-2.0
// Machine: the virtual ZynqMP of one VM.
#pragma once

#include "common/base/guest_clock.hpp"
#include "common/base/unique_fd.hpp"
#include "common/kvm/port.hpp"
#include "common/plan/plan.hpp"
#include "common/vfio/port.hpp"
#include "devices/emulated/cadence_uart.hpp"
#include "devices/emulated/zynqmp_gpio.hpp"
#include "devices/emulated/zynqmp_rtc.hpp"
#include "vmm/machine/aliases.hpp"
#include "vmm/machine/emulated_irqs.hpp"
#include "vmm/machine/guest_memory.hpp"
#include "vmm/machine/guest_space.hpp"
#include "vmm/machine/host_clock.hpp"
#include "vmm/machine/line_watch.hpp"
#include "vmm/machine/mmio_bus.hpp"
#include "vmm/machine/notices.hpp"
#include "vmm/machine/vcpu_threads.hpp"

#include <chrono>
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

/// The machine is its member list: construction puts all of it there, stopped, power_on() lets it
/// run, and destruction is power-off. The members come in the order in which hardware would get its
/// power, so that they go in reverse: threads are joined first, then each instance taken out of the
/// guest and closed (Passthrough), then RAM.
///
/// Construction reads the plan alone; everything in it is checked. Throws Error, with nothing left
/// behind. `host` outlives the machine. Main thread, all of it; vCPU threads run beside it, and
/// tell it things by notices().
class Machine
{
public:
    /// Where an emulated console's output goes, by alias name. Called during construction.
    using ConsoleSink = std::function<devices::UartSink&(std::string_view alias)>;

    /// `dtb` is the device tree that the guest gets. `hugepages` is the file of the banks that have
    /// an offset; it may be closed afterwards.
    Machine(kvm::System& system, vfio::Host& host, const plan::VmPlan& plan,
            std::span<const std::byte> dtb, const ConsoleSink& console_sink,
            const UniqueFd& hugepages = {});
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Lines of passed-through devices go live, and vCPU 0 enters the guest. Until then nothing of
    /// the guest has run and no interrupt has come to it, while everything that the machine will
    /// ever have is there, its threads as well: the place to serve it to others, and to confine the
    /// process. Once, and before anything below that changes the machine. Throws Error; nothing of
    /// the guest has run then either, and destruction is all that is left.
    void power_on();

    [[nodiscard]] const Notices& notices() const noexcept { return notices_; }
    /// After each notice: what a vCPU could not do while others were in the guest. They stand still
    /// for it, and a machine that is paused stays so.
    void finish_exits();

    /// Interrupts that are carried to the guest by hand (devices::LevelLine): serve them when the
    /// descriptor is readable. Those of the guest's lines that turned out to be edge while the wire
    /// is a level, each once.
    [[nodiscard]] int line_descriptor() const noexcept { return watch_.descriptor(); }
    std::vector<Spi> serve_lines()
    {
        watch_.serve();
        return watch_.take_found();
    }

    /// The emulated real-time clock: serve it when the descriptor is readable. Nothing if the
    /// machine has none. It runs on while the machine is paused, as it does on a board whose power
    /// is off; its interrupts then wait in the guest's GIC.
    [[nodiscard]] std::optional<int> clock_descriptor() const noexcept;
    void serve_clock() noexcept;

    [[nodiscard]] const MmioBus& bus() const noexcept { return bus_; }

    /// The emulated UART behind an alias; null if there is none.
    [[nodiscard]] devices::CadenceUart* console(std::string_view alias) noexcept;

    /// The button that tells the guest to power off: pressed, and let go again after the time that
    /// a finger takes (Linux's gpio-keys debounces). False if the machine has none.
    bool press_power_key() noexcept;
    void release_power_key() noexcept;

    /// What a person asked for: the vCPUs leave the guest, and go on where they were. Devices are
    /// left alone, and their interrupts wait in the guest's GIC. Twice is once, and the clock is as
    /// the last one says. A machine that is not powered on yet counts as paused.
    void pause(GuestClock clock = GuestClock::stands) { threads_.pause(clock); }
    void resume() { threads_.resume(); }
    [[nodiscard]] bool paused() const noexcept { return threads_.paused(); }

    [[nodiscard]] std::size_t vcpus() const noexcept { return vcpus_.size(); }
    /// What each alias is to the guest, and what stands behind it now: see Aliases.
    [[nodiscard]] std::vector<plan::AliasPlan> aliases() const { return aliases_.plans(); }
    /// The instances that are open.
    using Holding = machine::Holding;
    [[nodiscard]] std::vector<Holding> holdings() const { return aliases_.holdings(); }

    /// Re-binding; both return how long the vCPUs stood still because of it, and leave a paused
    /// machine paused. All or nothing; for the steps and what they throw see Aliases. `host`
    /// outlives the machine.
    std::chrono::microseconds detach(std::string_view alias)
    {
        return aliases_.detach(alias, threads_);
    }
    std::chrono::microseconds attach(const plan::AliasPlan& alias, quiesce::Settings settings,
                                     vfio::Host& host)
    {
        return aliases_.attach(alias, settings, host, threads_);
    }

    /// Descriptors of what KVM counts, the VM's first, then each vCPU's; without those that the
    /// host does not keep. Whoever has one can read it at any time (common/stats). Throws Error.
    [[nodiscard]] std::vector<UniqueFd> statistics() const;

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

    struct Clock
    {
        Clock(devices::IrqLine& alarm_line, devices::IrqLine& seconds_line)
            : rtc{alarm_line, seconds_line, host}
        {
        }

        HostClock host;
        devices::ZynqmpRtc rtc;
    };

    /// The first of `count` that nobody else gets.
    [[nodiscard]] kvm::SlotId new_slots(std::size_t count) noexcept;
    void connect(const plan::AliasPlan& alias, const ConsoleSink& console_sink);
    void connect_console(const plan::AliasPlan& alias, const ConsoleSink& console_sink);
    void connect_power_key(const plan::AliasPlan& alias);
    void connect_clock(const plan::AliasPlan& alias);

    std::uint32_t next_slot_{};
    std::unique_ptr<kvm::Vm> vm_;
    std::unique_ptr<kvm::Vgic> vgic_;
    std::vector<std::unique_ptr<kvm::Vcpu>> vcpus_;
    GuestMemory memory_;
    GuestLineWatch watch_;
    Aliases aliases_;
    EmulatedIrqs irqs_;
    MmioBus bus_;
    GuestSpace space_;
    std::deque<Console> consoles_;
    std::optional<devices::ZynqmpGpio> power_key_;
    std::optional<Clock> clock_;
    std::vector<UniqueFd> statistics_;
    Notices notices_;
    VcpuThreads threads_;
};

} // namespace aliasvm::machine
