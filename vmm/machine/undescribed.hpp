// SPDX-License-Identifier: Apache-2.0
// Loads and stores that the CPU did not describe to KVM, performed in its place.
#pragma once

#include "common/kvm/port.hpp"
#include "vmm/machine/exit.hpp"

#include <cstdint>
#include <optional>

namespace aliasvm::machine
{

/// Whether another vCPU can be in the guest meanwhile.
enum class Others : std::uint8_t
{
    may_run,
    still,
};

/// Why an access was not performed. Nothing has been changed then.
struct NotPerformed
{
    bool needs_stillness{};              ///< it would be, if the others were still
    std::optional<std::uint32_t> word{}; ///< the instruction, if it could be read
};

/// The instruction at the vCPU's PC: fetched, decoded, compared with what KVM says of the access,
/// performed (common/a64/perform.hpp, "How an exit of the kind UndescribedAccess is taken"). None
/// if it is done.
///
/// Not performed is what is no load or store, or another one than KVM reports; what reaches into a
/// device's memory slot beside the address that KVM reports; and what a guest does in A32 or
/// big-endian. noexcept and without allocation: a hostile guest drives it.
[[nodiscard]] std::optional<NotPerformed>
perform_undescribed(const kvm::UndescribedAccess& access, const Exited& of, Others others) noexcept;

} // namespace aliasvm::machine
