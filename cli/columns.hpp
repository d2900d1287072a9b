// SPDX-License-Identifier: Apache-2.0
// Columns: rows of text in columns as wide as they must be; and colours where they are welcome.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace aliasvm::cli
{

enum class Colour : std::uint8_t
{
    none,
    bold,
    green,
    yellow,
    red,
    grey,
};

/// Whether stdout is a terminal that shows colours, and nobody has set NO_COLOR.
[[nodiscard]] bool colours_welcome();

struct Cell
{
    Cell(std::string t, Colour c = Colour::none) : text{std::move(t)}, colour{c} {}
    Cell(const char* t) : text{t} {}

    std::string text;
    Colour colour{};
};

/// Rows may be of different lengths. The last cell of a row is not padded.
class Columns
{
public:
    explicit Columns(bool colours = false) : colours_{colours} {}

    void row(std::vector<Cell> cells);
    /// Each row on a line of its own.
    [[nodiscard]] std::string text() const;

private:
    bool colours_;
    std::vector<std::vector<Cell>> rows_;
    std::vector<std::size_t> widths_;
};

} // namespace aliasvm::cli
