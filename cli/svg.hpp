// SPDX-License-Identifier: Apache-2.0
// Svg: writes a drawing of rectangles, lines and text that reads well on paper.
#pragma once

#include <string>
#include <string_view>

namespace aliasvm::cli
{

/// Coordinates in pixels, y downwards. `look` is a class of the style sheet in svg.cpp. Text may be
/// anything: it is escaped, and what XML cannot hold is replaced.
class Svg
{
public:
    Svg(int width, int height, std::string_view title);

    void rectangle(int x, int y, int width, int height, std::string_view look);
    void line(int x1, int y1, int x2, int y2, std::string_view look);
    void text(int x, int y, std::string_view look, std::string_view words);

    /// The whole document.
    [[nodiscard]] std::string document() const { return text_ + "</svg>\n"; }

private:
    std::string text_;
};

} // namespace aliasvm::cli
