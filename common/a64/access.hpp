// SPDX-License-Identifier: Apache-2.0
// What one load or store of A64 does, as data: where, how much, and which registers take part.
#pragma once

#include "common/base/address.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace aliasvm::a64
{

/// Guest-virtual address, as the guest's instructions know it: tag and all.
using VirtualAddr = Address<struct VirtualSpace>;
using VirtualRange = Range<VirtualAddr>;

/// A register that holds 64 bits: 0 to 30 are X0 to X30, and the others that an access can name.
/// Encodings give 31 to zr and sp both; here they are two.
enum class Register : std::uint8_t
{
    x0 = 0,
    x30 = 30,
    zr, ///< reads 0, forgets what is written
    sp, ///< the stack pointer that the guest uses now
    pc, ///< the address of the instruction itself
};

/// V0 to V31.
struct VectorRegister
{
    std::uint8_t number{};
    friend constexpr bool operator==(VectorRegister, VectorRegister) = default;
};

enum class Direction : std::uint8_t
{
    load,
    store,
    none, ///< a prefetch: it has an address and touches nothing
};

// ---- where -----------------------------------------------------------------------------------

/// How many bits of an index register count.
enum class Extend : std::uint8_t
{
    none, ///< all 64 (LSL, SXTX)
    uxtw, ///< the low 32, unsigned
    sxtw, ///< the low 32, signed
};

/// A register as offset: extended, then shifted left.
struct Index
{
    Register from{}; ///< x0 to x30 or zr
    Extend extend{};
    std::uint8_t shift{}; ///< 0 to 4
    friend constexpr bool operator==(const Index&, const Index&) = default;
};

/// A number of bytes, or a register.
using Offset = std::variant<std::int64_t, Index>;

enum class Writeback : std::uint8_t
{
    none, ///< at base + offset
    pre,  ///< at base + offset, and the base becomes that
    post, ///< at the base, and the base becomes base + offset
};

struct Place
{
    /// x0 to x30 or sp; pc for literals; for DC ZVA zr in the place of sp.
    Register base{};
    Offset offset{};
    Writeback writeback{};
    /// The address is rounded down to a multiple of it, a power of two. 1 but for DC ZVA.
    std::uint8_t block = 1;
    friend constexpr bool operator==(const Place&, const Place&) = default;
};

// ---- what ------------------------------------------------------------------------------------

/// What becomes of a general register that is loaded.
enum class Extension : std::uint8_t
{
    zero,    ///< zeros above the element, to bit 63 (which is so for W registers and X registers)
    sign_32, ///< a W register: sign up to bit 31, zeros above
    sign_64, ///< an X register: sign up to bit 63
};

/// One or two general registers, an element each; `second` counts if there are two elements.
struct General
{
    Register first{}; ///< x0 to x30 or zr
    Register second{};
    Extension extension{};
    friend constexpr bool operator==(const General&, const General&) = default;
};

/// One or two SIMD&FP registers, an element each: B, H, S, D or Q. A load zeroes the rest of them.
struct Scalar
{
    VectorRegister first{};
    VectorRegister second{};
    friend constexpr bool operator==(const Scalar&, const Scalar&) = default;
};

/// Which lanes of its registers a structure access fills, in the order of memory.
enum class Lanes : std::uint8_t
{
    consecutive, ///< LD1, ST1: all of the first register, then all of the next …
    interleaved, ///< LD2 to LD4, ST2 to ST4: lane 0 of each register, then lane 1 of each …
    one,         ///< lane `lane` of each register; a load keeps the others
    all,         ///< an element for each register, in every lane of it (LD1R to LD4R)
};

/// One to four SIMD&FP registers from `first` on, V0 after V31.
struct Structure
{
    VectorRegister first{};
    std::uint8_t registers{};      ///< 1 to 4
    std::uint8_t register_bytes{}; ///< 8 or 16: a load zeroes what lies above, but for Lanes::one
    Lanes lanes{};
    std::uint8_t lane{}; ///< of Lanes::one
    friend constexpr bool operator==(const Structure&, const Structure&) = default;
};

/// No register: zeros are stored (DC ZVA), or nothing is accessed (a prefetch).
struct NoRegister
{
    friend constexpr bool operator==(NoRegister, NoRegister) = default;
};

using Target = std::variant<General, Scalar, Structure, NoRegister>;

/// What the instruction says beside the access itself. To an emulated device, whose accesses come
/// one by one and in order, none of it makes a difference but `status`.
struct Semantics
{
    bool exclusive{};
    bool acquire{};
    bool release{};
    std::optional<Register> status{}; ///< of an exclusive store: x0 to x30 or zr; becomes 0
    friend constexpr bool operator==(const Semantics&, const Semantics&) = default;
};

// ---- the access ------------------------------------------------------------------------------

struct Access
{
    Direction direction{};
    /// Elements lie one after the other in memory, the first at the access's address. 0 for a
    /// prefetch, 1 or 2 for General and Scalar, up to 64 for Structure.
    std::uint8_t elements{};
    std::uint8_t element_bytes{}; ///< 1, 2, 4, 8; 16 for Q registers as Scalar; 0 for a prefetch
    Target target{};
    Place place{};
    Semantics semantics{};
    friend constexpr bool operator==(const Access&, const Access&) = default;

    [[nodiscard]] constexpr std::uint32_t bytes() const
    {
        return std::uint32_t{elements} * element_bytes;
    }
};

} // namespace aliasvm::a64
