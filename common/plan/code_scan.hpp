// SPDX-License-Identifier: Apache-2.0
// What a program's machine code tells of what it was built for.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// As MSR and MRS name it: S<op0>_<op1>_C<CRn>_C<CRm>_<op2>.
struct SystemRegister
{
    std::uint8_t op0{};
    std::uint8_t op1{};
    std::uint8_t crn{};
    std::uint8_t crm{};
    std::uint8_t op2{};

    friend auto operator<=>(const SystemRegister&, const SystemRegister&) = default;
};

inline constexpr SystemRegister current_el{3, 0, 4, 2, 2};
inline constexpr SystemRegister vbar_el1{3, 0, 12, 0, 0};
inline constexpr SystemRegister esr_el3{3, 6, 5, 2, 0};
inline constexpr SystemRegister pmcr_el0{3, 3, 9, 12, 0};

/// "VBAR_EL3"; what has no name here is "S3_1_C15_C2_0".
[[nodiscard]] std::string register_text(const SystemRegister& which);

struct RegisterUse
{
    SystemRegister which;
    bool read{};
    bool written{};
};

/// The start code of AMD's standalone BSP, which asks for the exception level and waits for ever at
/// one that it was not built for.
enum class BspStart : std::uint8_t
{
    none,      ///< not found
    not_el1,   ///< it waits for ever at EL1
    takes_el1, ///< it was built for EL1, whatever else
};

struct CodeFacts
{
    std::vector<RegisterUse> registers; ///< ascending, each once
    BspStart bsp{};

    [[nodiscard]] bool reads(const SystemRegister& which) const;
    [[nodiscard]] bool writes(const SystemRegister& which) const;
    /// Names of the registers of EL3 that are written, of those that start code writes.
    [[nodiscard]] std::vector<std::string> written_of_el3() const;
};

/// Looks through executable pieces of a program as they lie in the file, each from an instruction
/// on. A word of data among the code may look like an instruction, so what is found is a reason to
/// warn and no more.
[[nodiscard]] CodeFacts scan_code(std::span<const std::span<const std::byte>> pieces);

} // namespace aliasvm::plan
