// SPDX-License-Identifier: Apache-2.0
// SVG 1.1, one element a line. Looks differ in line style too, as paper may have no colours.
#include "cli/svg.hpp"

#include "cli/utf8.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr std::string_view style = R"(<style type="text/css">
text { font-family: "DejaVu Sans", Arial, sans-serif; font-size: 12px; fill: #000000; }
.title { font-size: 18px; font-weight: bold; }
.column { font-size: 13px; font-weight: bold; fill: #444444; }
.name { font-weight: bold; }
.interrupt { font-size: 11px; fill: #333333; }
rect { stroke: #222222; stroke-width: 1; }
rect.memory { fill: #eeeeee; }
rect.device { fill: #dbe9f6; stroke-width: 1.5; }
rect.emulated { fill: #ffffff; stroke-dasharray: 4 3; }
line { stroke: #222222; stroke-width: 1.5; }
line.memory { stroke: #888888; }
line.emulated { stroke: #888888; stroke-width: 1; stroke-dasharray: 4 3; }
line.wire { stroke: #b03a2e; stroke-width: 1; stroke-dasharray: 1 2; }
</style>
)";

std::string escaped(std::string_view text)
{
    std::string safe;
    for (const char c : valid_utf8(text))
    {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else if (c == '>')
            safe += "&gt;";
        else if (c == '"')
            safe += "&quot;";
        else if (static_cast<unsigned char>(c) < 0x20)
            safe += "\xef\xbf\xbd"; // XML has no way to write it
        else
            safe += c;
    }
    return safe;
}

} // namespace

Svg::Svg(int width, int height, std::string_view title)
    : text_{fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"{0}\" "
                        "height=\"{1}\" viewBox=\"0 0 {0} {1}\">\n<title>{2}</title>\n{3}",
                        width, height, escaped(title), style)}
{
    text_ += fmt::format("<path d=\"M0 0H{}V{}H0z\" fill=\"#ffffff\"/>\n", width, height);
}

void Svg::rectangle(int x, int y, int width, int height, std::string_view look)
{
    text_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
                         look, x, y, width, height);
}

void Svg::line(int x1, int y1, int x2, int y2, std::string_view look)
{
    text_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", look, x1,
                         y1, x2, y2);
}

void Svg::text(int x, int y, std::string_view look, std::string_view words)
{
    text_ +=
        fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n", look, x, y, escaped(words));
}

} // namespace aliasvm::cli
