// SPDX-License-Identifier: Apache-2.0
// Padding first, colour around it: escape sequences have no width.
#include "cli/columns.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

const char* begin_of(Colour colour)
{
    switch (colour)
    {
    case Colour::bold:
        return "\033[1m";
    case Colour::green:
        return "\033[32m";
    case Colour::yellow:
        return "\033[33m";
    case Colour::red:
        return "\033[1;31m";
    case Colour::grey:
        return "\033[90m";
    case Colour::none:
        break;
    }
    return "";
}

} // namespace

bool colours_welcome()
{
    const char* const no_colour = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0') &&
           terminal != nullptr && std::string_view{terminal} != "dumb";
}

void Columns::row(std::vector<Cell> cells)
{
    widths_.resize(std::max(widths_.size(), cells.size()));
    for (std::size_t i = 0; i + 1 < cells.size(); ++i)
        widths_[i] = std::max(widths_[i], cells[i].text.size());
    rows_.push_back(std::move(cells));
}

std::string Columns::text() const
{
    std::string all;
    for (const auto& cells : rows_)
    {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i)
        {
            const bool last = i + 1 == cells.size();
            const bool coloured = colours_ && cells[i].colour != Colour::none;
            line += fmt::format("{}{}{}", coloured ? begin_of(cells[i].colour) : "", cells[i].text,
                                coloured ? "\033[0m" : "");
            if (!last)
                line.append(widths_[i] - cells[i].text.size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        all += line + '\n';
    }
    return all;
}

} // namespace aliasvm::cli
