// SPDX-License-Identifier: Apache-2.0
// What an access does to registers and memory, behind ports.
//
// How an exit of the kind UndescribedAccess is taken (KVM_EXIT_ARM_NISV), by the thread of its
// vCPU:
//
// 1. understands() the guest's state.
// 2. fetch() the instruction at its PC (translate.hpp).
// 3. decode() it.
// 4. It must be the access that KVM reports: Direction::store if ESR_EL2.WnR (bit 6 of esr_iss) is
//    set, load otherwise. Another vCPU may have changed the code, or its mapping, since.
// 5. footprint(): aligned to element_bytes, so that no element lies in two pages; an element of
//    Device memory that is not aligned has faulted in the guest before KVM saw it. translate() each
//    page that it touches (two at the most, with 64 bytes and 4 KiB); fault_ipa must lie in one of
//    them, and in the footprint. The others may be anything: an access can begin in RAM and end at
//    a device.
// 6. perform(). Nothing can fail any more, and nothing has been changed before.
//
// Whatever none or false comes from in steps 1 to 5: an external abort, as before, and nothing has
// been touched.
#pragma once

#include "common/a64/access.hpp"

#include <cstdint>

namespace aliasvm::a64
{

/// The 128 bits of a SIMD&FP register, and any element.
struct Quad
{
    std::uint64_t low{};
    std::uint64_t high{};
    friend constexpr bool operator==(Quad, Quad) = default;
};

/// The registers of a stopped vCPU. Only from the thread that runs it.
class Registers
{
public:
    virtual ~Registers() = default;

    /// x0 to x30, pc, or sp: SP_EL0, or SP_EL1 if PSTATE says EL1h. Never asked for zr. A file that
    /// can fail (an ioctl) answers 0 and remembers it.
    [[nodiscard]] virtual std::uint64_t general(Register which) const noexcept = 0;
    [[nodiscard]] virtual Quad vector(VectorRegister which) const noexcept = 0;

    /// x0 to x30 or sp.
    virtual void set_general(Register which, std::uint64_t value) noexcept = 0;
    virtual void set_vector(VectorRegister which, Quad value) noexcept = 0;

    /// The instruction is done: PC is 4 more, and PSTATE.SS (bit 21) clear, as after any other.
    virtual void step() noexcept = 0;
};

/// Memory and devices as the guest's addresses reach them.
class Memory
{
public:
    virtual ~Memory() = default;

    /// `width` is 1, 2, 4 or 8, and `at` a multiple of it if the access's address is one of its
    /// elements'. `value` has zeros above `width`.
    [[nodiscard]] virtual std::uint64_t read(VirtualAddr at, std::uint8_t width) noexcept = 0;
    virtual void write(VirtualAddr at, std::uint8_t width, std::uint64_t value) noexcept = 0;
};

/// Whether the guest runs as this room assumes: A64 code (an application at EL0 may be A32), and
/// little-endian data at its exception level, EL0 or EL1. `pstate` as in SPSR_EL2, `sctlr` is
/// SCTLR_EL1.
[[nodiscard]] bool understands(std::uint64_t pstate, std::uint64_t sctlr) noexcept;

/// The bytes that the access touches; none of a prefetch. It can wrap: ask valid().
[[nodiscard]] VirtualRange footprint(const Access& access, const Registers& registers) noexcept;

/// The whole instruction: each element in the order of memory, as one read or write (of 16 bytes:
/// two of 8, the lower first), the registers, the status of an exclusive store (0: it stored), the
/// writeback, the step.
void perform(const Access& access, Registers& registers, Memory& memory) noexcept;

} // namespace aliasvm::a64
