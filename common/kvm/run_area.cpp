// SPDX-License-Identifier: Apache-2.0
// The table from exit reasons and errnos to the port's exits. A guest chooses what comes here.
#include "common/kvm/run_area.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <span>

namespace aliasvm::kvm
{

namespace
{

constexpr std::uint64_t esr_write = 1U << 6; // DDI 0487, ISS encoding for a Data Abort: WnR

static_assert(std::endian::native == std::endian::little, "mmio.data is in the guest's byte order");

VcpuExit mmio(kvm_run& run) noexcept
{
    auto& access = run.mmio;
    if (access.len > sizeof access.data || !std::has_single_bit(access.len))
        return Failure{"KVM reported an access of an impossible width", access.len};
    const GuestAddr at{access.phys_addr};
    const auto width = static_cast<std::uint8_t>(access.len);
    if (access.is_write != 0)
    {
        std::uint64_t value = 0;
        std::memcpy(&value, access.data, width);
        return MmioWrite{at, width, value};
    }
    const auto answer = std::as_writable_bytes(std::span{access.data});
    std::ranges::fill(answer, std::byte{});
    return MmioRead{at, width, answer.data()};
}

VcpuExit system_event(const kvm_run& run) noexcept
{
    switch (run.system_event.type)
    {
    case KVM_SYSTEM_EVENT_SHUTDOWN:
        return SystemEvent::power_off;
    case KVM_SYSTEM_EVENT_RESET:
        return SystemEvent::reset;
    case KVM_SYSTEM_EVENT_CRASH:
        return SystemEvent::crash;
    default:
        return Failure{"the guest asked for a system event that is unknown here",
                       run.system_event.type};
    }
}

} // namespace

VcpuExit exit_of(kvm_run& run) noexcept
{
    switch (run.exit_reason)
    {
    case KVM_EXIT_MMIO:
        return mmio(run);
    case KVM_EXIT_ARM_NISV:
        return UndescribedAccess{GuestAddr{run.arm_nisv.fault_ipa},
                                 (run.arm_nisv.esr_iss & esr_write) != 0};
    case KVM_EXIT_SYSTEM_EVENT:
        return system_event(run);
    case KVM_EXIT_INTR:
        return Interrupted{};
    case KVM_EXIT_FAIL_ENTRY:
        return Failure{"the CPU refused to enter the guest",
                       run.fail_entry.hardware_entry_failure_reason};
    case KVM_EXIT_INTERNAL_ERROR:
        return Failure{"KVM met an internal error", run.internal.suberror};
    default:
        return Failure{"KVM came back for a reason that is unknown here", run.exit_reason};
    }
}

VcpuExit exit_of_errno(int error) noexcept
{
    const auto detail = static_cast<std::uint64_t>(error);
    switch (error)
    {
    case EINTR:
    case EAGAIN:
        return Interrupted{};
    case EFAULT:
        return Failure{"the guest executes or accesses memory that cannot be backed", detail};
    case ENOSYS:
        return Failure{"the guest made an access that the CPU does not describe, and this kernel "
                       "cannot hand it over (Linux 5.5 can)",
                       detail};
    case EHWPOISON:
        return Failure{"the guest's memory has a hardware error", detail};
    case ENOMEM:
        return Failure{"the host has no memory left for the guest's page tables", detail};
    case ENOEXEC:
        return Failure{"the vCPU is not initialised", detail};
    default:
        return Failure{"KVM_RUN failed", detail};
    }
}

} // namespace aliasvm::kvm
