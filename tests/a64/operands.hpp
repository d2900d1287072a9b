// SPDX-License-Identifier: Apache-2.0
// The operands of a line of assembly, taken off from the left.
#pragma once

#include "common/a64/access.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace aliasvm::a64
{

struct NamedRegister
{
    Register name;
    bool wide; // x, not w
};

/// "{ v31.8b, v0.8b }", "{ v0.b, v1.b }[3]".
struct VectorList
{
    VectorRegister first;
    std::uint8_t registers;
    std::uint8_t element_bytes;
    std::uint8_t lanes; ///< 0 if the list does not say
    std::optional<std::uint8_t> lane;
};

/// Everything throws std::runtime_error that says what was expected and is not there.
class Operands
{
public:
    explicit Operands(std::string_view text);

    [[nodiscard]] bool next_is(std::string_view word) const;
    [[nodiscard]] bool next_is_vector() const;
    /// Of the register that comes next: 4 of w3, 16 of q3.
    [[nodiscard]] std::uint8_t size_of_next() const;

    NamedRegister general();
    VectorRegister vector();
    VectorList vector_list();
    /// All that is left: "[x0, w1, sxtw #2]", "[x0, #8]!", "[x0], x1", "#12".
    Place place();

    void skip();
    void end() const;

private:
    [[nodiscard]] char peek(std::size_t at = 0) const;
    bool take(char what);
    void expect(char what);
    std::string_view word();
    std::int64_t number();
    std::int64_t immediate();
    void separator();
    Offset index();

    std::string_view rest_;
};

} // namespace aliasvm::a64
