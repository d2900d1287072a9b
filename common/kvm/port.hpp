// SPDX-License-Identifier: Apache-2.0
// The port to KVM: what the machine needs of a hypervisor, free of ioctls: a fake can serve.
#pragma once

#include "common/a64/perform.hpp"
#include "common/a64/translate.hpp"
#include "common/base/address.hpp"
#include "common/base/event_fd.hpp"
#include "common/base/spi.hpp"
#include "common/base/unique_fd.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

namespace aliasvm::kvm
{

/// Number of a memory slot of one VM. Any number below the host's limit (at least 32); the machine
/// gives them out.
struct SlotId
{
    std::uint32_t value{};
    friend auto operator<=>(SlotId, SlotId) = default;
};

/// Index of a vCPU of one VM, from 0. A GICv2 serves 8 at the most (api: VGIC_V2_MAX_CPUS).
struct VcpuIndex
{
    std::uint32_t value{};
    friend auto operator<=>(VcpuIndex, VcpuIndex) = default;
};

// ---- why KVM_RUN came back -------------------------------------------------------------------

/// The guest reads an address that no memory slot backs. `answer` points at the 8 bytes that the
/// guest will get, little-endian, zero until written; valid until the next run().
struct MmioRead
{
    GuestAddr at;
    std::uint8_t width; ///< bytes: 1, 2, 4 or 8
    std::byte* answer;
};

/// The guest writes to an address that no memory slot backs.
struct MmioWrite
{
    GuestAddr at;
    std::uint8_t width; ///< bytes: 1, 2, 4 or 8
    std::uint64_t value;
};

/// An access that the CPU did not describe (LDP/STP, writeback forms), to no memory slot, or to the
/// in-kernel distributor (KVM_EXIT_ARM_NISV). PC is still at the instruction: whoever takes it
/// performs it with Vcpu::registers(); or answers with Vcpu::inject_external_abort(), as a bus
/// would.
struct UndescribedAccess
{
    GuestAddr at; ///< one of the bytes that it touches
    bool write;
};

/// The guest asked for it by PSCI (KVM_EXIT_SYSTEM_EVENT).
enum class SystemEvent : std::uint8_t
{
    power_off,
    reset,
    crash,
};

/// kick() or a signal; nothing happened in the guest.
struct Interrupted
{
};

/// The vCPU cannot go on. `reason` is a string literal; `detail` what KVM said (an errno, a
/// hardware entry failure reason, an internal error number).
struct Failure
{
    const char* reason;
    std::uint64_t detail;
};

using VcpuExit =
    std::variant<MmioRead, MmioWrite, UndescribedAccess, SystemEvent, Interrupted, Failure>;

// ---- the port --------------------------------------------------------------------------------

/// How a vCPU reads its instructions and its memory, when it is out of KVM_RUN.
struct CpuState
{
    std::uint64_t pstate{}; ///< as in SPSR_EL2
    a64::Regime regime;
};

/// The registers of a vCPU that is out of KVM_RUN.
class RegisterFile : public a64::Registers
{
public:
    /// Whether KVM has refused a register since the VM began: it knows all that an A64 access can
    /// name, so this is the end of the machine.
    [[nodiscard]] virtual bool failed() const noexcept = 0;
};

/// One virtual CPU. All but kick() only from the thread that runs it, or while none does.
class Vcpu
{
public:
    virtual ~Vcpu() = default;

    /// Sets where the first run() begins, with the device tree's address in X0 and X1 to X3 zero
    /// (Documentation/arch/arm64/booting.rst). Only vCPU 0 starts so; PSCI starts the others.
    /// Before the first run(). Throws Error.
    virtual void set_entry(GuestAddr entry, std::uint64_t x0) = 0;

    /// Where KVM tells the guest how long this vCPU was ready and did not run (DEN0057; api.rst,
    /// KVM_ARM_VCPU_PVTIME_CTRL): 64 bytes, a multiple of 64, in a memory slot; the guest asks for
    /// the place by SMCCC. Only if System::stolen_time(), before the first run(). Throws Error.
    virtual void set_stolen_time(GuestAddr at) = 0;

    /// Connects its PMU to pmu_overflow, where the host gives it one (System::offers_pmu());
    /// elsewhere there is nothing to do. Once, after Vgic::init(): KVM answers ENODEV before.
    /// Pitfall: a vCPU with a PMU that is not connected does not run. Throws Error.
    virtual void connect_pmu() = 0;

    /// Runs until an exit for user space. Completes the pending MMIO read first, with what
    /// `answer` holds. EINTR and EAGAIN are Interrupted, never lost.
    [[nodiscard]] virtual VcpuExit run() noexcept = 0;

    /// Makes the current or the next run() return Interrupted soon; kicks before that are one. Any
    /// thread, any time. Takes SIGRTMIN for it: nobody else may.
    virtual void kick() noexcept = 0;

    /// The next run() begins with a synchronous external abort at the faulting instruction. False
    /// if the host cannot (no KVM_CAP_ARM_INJECT_EXT_DABT).
    [[nodiscard]] virtual bool inject_external_abort() noexcept = 0;

    /// None if KVM will not say.
    [[nodiscard]] virtual std::optional<CpuState> state() noexcept = 0;
    [[nodiscard]] virtual RegisterFile& registers() noexcept = 0;

    /// What the guest's CNTVCT_EL0 reads, on all its vCPUs; none if KVM will not say.
    [[nodiscard]] virtual std::optional<std::uint64_t> virtual_counter() noexcept = 0;
    /// While no vCPU is in KVM_RUN: it reads that from now on. The physical counter, which a guest
    /// can read as well, cannot be set on a Cortex-A53. False if KVM refused.
    virtual bool set_virtual_counter(std::uint64_t value) noexcept = 0;

    /// Where the guest is, for a log line; 0 if KVM will not say.
    [[nodiscard]] virtual std::uint64_t program_counter() noexcept = 0;

    /// A descriptor of this vCPU's binary statistics (api.rst, KVM_GET_STATS_FD), which anybody who
    /// is given it may read at any time; not ok() if the host keeps none (before Linux 5.14).
    /// Asking for it waits until run() is over, so ask before the vCPU runs. Throws Error.
    [[nodiscard]] virtual UniqueFd statistics() = 0;
};

/// Offset of a register of the distributor: a multiple of 4, below VgicLayout::distributor_size.
struct GicdOffset
{
    std::uint32_t value{};
    friend auto operator<=>(GicdOffset, GicdOffset) = default;
};

/// The in-kernel GICv2 of one VM.
class Vgic
{
public:
    virtual ~Vgic() = default;

    /// Makes it ready for interrupts, after all vCPUs are created: irqfds answer EAGAIN before, and
    /// a vCPU answers EBUSY after (pitfall: vgic_init also replaces any GSI routing by the default
    /// one). Throws Error.
    virtual void init() = 0;

    /// Sets GICD_ICFGR of all lines to level, as a GIC-400 has them after a reset; KVM's vGIC has
    /// them as edge. While no vCPU runs, after init(); needs vCPU 0. Throws Error.
    virtual void preset_all_level() = 0;

    /// Sets the GICD_ICFGR bits of one line: the same, for a guest that never writes ICFGR and
    /// would get one interrupt and then none, as an edge interrupt is never resampled.
    virtual void preset_trigger(Spi line, Trigger trigger) = 0;

    /// A load or store of one word as the guest's CPU `cpu` would make it, with its effect, for an
    /// instruction that KVM cannot take itself. Only while no vCPU is in KVM_RUN: KVM refuses it
    /// otherwise. Reads 0, and stores nothing, where KVM has no register.
    [[nodiscard]] virtual std::uint32_t load_distributor(VcpuIndex cpu, GicdOffset at) noexcept = 0;
    virtual void store_distributor(VcpuIndex cpu, GicdOffset at, std::uint32_t value) noexcept = 0;
};

/// Where the guest sees its GIC. ZynqMP: distributor 0xf9010000, CPU interface 0xf9020000.
struct VgicLayout
{
    static constexpr std::uint64_t distributor_size = 0x1000;
    static constexpr std::uint64_t cpu_interface_size = 0x2000;

    GuestAddr distributor;
    GuestAddr cpu_interface;
};

/// One virtual machine. All members may be called from any thread, unless they say otherwise.
/// Everything throws Error, but set_line().
class Vm
{
public:
    virtual ~Vm() = default;

    /// Only while no vCPU has run; before the vCPUs (kvm_vgic_create answers EBUSY later).
    [[nodiscard]] virtual std::unique_ptr<Vgic> create_vgic(const VgicLayout& layout) = 0;

    /// vCPU 0 is runnable, the others wait for PSCI CPU_ON. The Vcpu must not outlive the Vm.
    [[nodiscard]] virtual std::unique_ptr<Vcpu> create_vcpu(VcpuIndex index) = 0;

    /// Backs guest-physical memory by this process's. Page granular. The memory must stay mapped
    /// until remove_slot(). A slot over device memory becomes Device-nGnRE at stage 2.
    virtual void set_slot(SlotId slot, const GuestRange& guest, std::byte* host) = 0;
    virtual void remove_slot(SlotId slot) = 0;

    /// Each count on `event` is one edge of `line`. The guest must configure it as edge.
    virtual void add_edge_irqfd(Spi line, const EventFd& event) = 0;
    /// A count on `event` raises `line`; the guest's EOI lowers it and signals `resample`.
    virtual void add_level_irqfd(Spi line, const EventFd& event, const EventFd& resample) = 0;
    /// Takes either away again; waits until nothing is in flight and lowers a level line. Content
    /// with what is not there.
    virtual void remove_irqfd(Spi line, const EventFd& event) = 0;

    /// Drives a line by KVM_IRQ_LINE, for emulated devices. On a line that the guest has as edge,
    /// each call that says high is an edge, even if it was high before. False if KVM refused.
    virtual bool set_line(Spi line, bool level) noexcept = 0;

    /// The same for the VM as Vcpu::statistics() for a vCPU, at any time.
    [[nodiscard]] virtual UniqueFd statistics() = 0;
};

/// /dev/kvm. Throws Error, or names the capability that is missing.
class System
{
public:
    virtual ~System() = default;

    [[nodiscard]] virtual std::unique_ptr<Vm> create_vm() = 0;
    /// Size of the guest-physical address space in bits (KVM_CAP_ARM_VM_IPA_SIZE), 40 on ZynqMP.
    [[nodiscard]] virtual unsigned ipa_bits() = 0;
    /// Whether the host counts for its guests how long their vCPUs had to wait.
    [[nodiscard]] virtual bool stolen_time() = 0;

    /// Whether vCPUs have a PMU (KVM_CAP_ARM_PMU_V3). They have where the kernel drives the host's
    /// own; elsewhere PMCR_EL0 and its like are undefined instructions to a guest.
    [[nodiscard]] virtual bool offers_pmu() = 0;
};

} // namespace aliasvm::kvm
