// SPDX-License-Identifier: Apache-2.0
// What to do about each way in which KVM_RUN comes back.
#pragma once

#include "common/kvm/port.hpp"
#include "vmm/machine/guest_space.hpp"
#include "vmm/machine/notices.hpp"

#include <variant>

namespace aliasvm::machine
{

/// Back into the guest.
struct GoOn
{
};

/// Nothing has been done yet: it takes that all vCPUs are out of the guest.
struct WhenStill
{
    kvm::UndescribedAccess access;
};

/// What comes after an exit; an End if the machine cannot or shall not go on.
using Next = std::variant<GoOn, WhenStill, End>;

/// The vCPU that came back, and what is around it.
struct Exited
{
    kvm::VcpuIndex index;
    kvm::Vcpu& vcpu;
    GuestSpace& space;
    Notices& notices;
};

/// Serves one exit. On the vCPU's thread, noexcept and without allocation: a hostile guest drives
/// it.
[[nodiscard]] Next handle_exit(const kvm::VcpuExit& exit, const Exited& of) noexcept;

/// Serves what handle_exit() left for this moment, in which no vCPU is in the guest. From any
/// thread; never WhenStill.
[[nodiscard]] Next finish_exit(const WhenStill& left, const Exited& of) noexcept;

/// Tells of an access that nobody answered, if it is the first, with the place in the program.
void tell_unmapped(UnmappedAccess access, const Exited& of) noexcept;

} // namespace aliasvm::machine
