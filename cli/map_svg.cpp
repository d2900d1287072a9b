// SPDX-License-Identifier: Apache-2.0
// The picture of map: boxes first, then where they go, then the drawing.
#include "cli/map.hpp"
#include "cli/svg.hpp"
#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr int margin = 24;
constexpr int box_width = 264; ///< the longest name of an instance fits
constexpr int between = 180;   ///< the columns
constexpr int row_height = 16;
constexpr int gap = 10;
constexpr int first_box = 96;
constexpr int guest_x = margin;
constexpr int host_x = margin + box_width + between;

struct Box
{
    std::uint64_t base{};
    std::uint64_t size{};
    std::string title;
    std::string range{};             ///< empty for what has no address
    std::vector<std::string> rows{}; ///< interrupts
    const char* look{};              ///< class in the style sheet
    int y{};
    int height{};

    [[nodiscard]] int title_y() const { return y + 18; }
    [[nodiscard]] int row_y(std::size_t row) const
    {
        return title_y() + (static_cast<int>(row) + (range.empty() ? 1 : 2)) * row_height;
    }
};

/// From a row of a guest box to one of a host box; row -1 is the range itself.
struct Join
{
    std::size_t guest{};
    std::size_t host{};
    int guest_row{-1};
    int host_row{-1};
};

struct Picture
{
    std::vector<Box> guest;
    std::vector<Box> host;
    std::vector<Join> joins;
};

constexpr std::uint64_t no_address = UINT64_MAX; ///< emulated things come after all addresses

int height_of(const Box& box)
{
    const auto pages = std::max<std::uint64_t>(1, box.size / page_size);
    const int scale = 3 * static_cast<int>(std::bit_width(pages) - 1);
    const int rows = static_cast<int>(box.rows.size()) + (box.range.empty() ? 0 : 1);
    return 28 + scale + rows * row_height;
}

/// Puts the boxes below each other, by address. The result says where box i went.
std::vector<std::size_t> place(std::vector<Box>& boxes)
{
    std::vector<std::size_t> order(boxes.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::ranges::stable_sort(order, {}, [&boxes](std::size_t i) { return boxes[i].base; });
    std::vector<Box> sorted;
    std::vector<std::size_t> went(boxes.size());
    int y = first_box;
    for (const std::size_t i : order)
    {
        went[i] = sorted.size();
        Box box = std::move(boxes[i]);
        box.height = height_of(box);
        box.y = y;
        y += box.height + gap;
        sorted.push_back(std::move(box));
    }
    boxes = std::move(sorted);
    return went;
}

void add_pair(Picture& picture, Box guest, Box host)
{
    picture.guest.push_back(std::move(guest));
    picture.host.push_back(std::move(host));
    picture.joins.push_back({picture.guest.size() - 1, picture.host.size() - 1});
}

Box guest_box(const std::string& name, const GuestRange& range, const char* look)
{
    return {.base = range.base.value,
            .size = range.size,
            .title = name,
            .range = plan::range_text(range),
            .look = look};
}

/// One pair for each window; the interrupts are with the first.
void add_alias(Picture& picture, const MachineMap& map, const Alias& alias)
{
    const bool real = alias.backing == "instance";
    for (std::size_t i = 0; i < alias.windows.size(); ++i)
    {
        const Window& window = alias.windows[i];
        Box guest = guest_box(alias.name, window.guest, real ? "device" : "emulated");
        Box host{.base = window.host ? window.host->base.value : no_address,
                 .size = window.guest.size,
                 .title = window.host ? map.behind(alias)
                                      : fmt::format("{} ({})", alias.behind(), alias.name),
                 .range = window.host ? plan::range_text(*window.host) : "",
                 .look = real ? "device" : "emulated"};
        const std::size_t lines = i == 0 ? alias.lines.size() : 0;
        for (std::size_t l = 0; l < lines; ++l)
        {
            guest.rows.push_back(plan::spi_text(alias.lines[l].guest));
            if (alias.lines[l].host)
                host.rows.push_back(plan::spi_text(*alias.lines[l].host));
        }
        add_pair(picture, std::move(guest), std::move(host));
        for (std::size_t l = 0; l < lines; ++l)
        {
            if (alias.lines[l].host)
                picture.joins.push_back({picture.guest.size() - 1, picture.host.size() - 1,
                                         static_cast<int>(l), static_cast<int>(l)});
        }
    }
}

Picture compose(const MachineMap& map)
{
    Picture picture;
    for (const MemoryBank& bank : map.machine.banks)
    {
        const std::string size = plan::size_text(bank.range.size);
        Box host{.size = bank.range.size,
                 .title = fmt::format("{} of the host's memory", size),
                 .look = "memory"};
        if (bank.identity)
        {
            host.base = bank.range.base.value;
            host.range = plan::range_text(HostRange{{host.base}, host.size});
        }
        add_pair(picture, guest_box("RAM " + size, bank.range, "memory"), std::move(host));
    }
    if (map.gic)
    {
        for (const auto& [name, range] : {std::pair{"distributor", map.gic->distributor},
                                          std::pair{"CPU interface", map.gic->cpu_interface}})
            add_pair(picture, guest_box(fmt::format("GIC {}", name), range, "emulated"),
                     {.base = no_address,
                      .size = range.size,
                      .title = fmt::format("KVM's {}", name),
                      .look = "emulated"});
    }
    for (const Alias& alias : map.machine.aliases)
        add_alias(picture, map, alias);
    const auto guest_went = place(picture.guest);
    const auto host_went = place(picture.host);
    for (Join& join : picture.joins)
    {
        join.guest = guest_went[join.guest];
        join.host = host_went[join.host];
    }
    return picture;
}

int end_of(const std::vector<Box>& boxes)
{
    return boxes.empty() ? first_box : boxes.back().y + boxes.back().height;
}

void draw(Svg& svg, const std::vector<Box>& boxes, int x)
{
    for (const Box& box : boxes)
    {
        svg.rectangle(x, box.y, box_width, box.height, box.look);
        svg.text(x + 10, box.title_y(), "name", box.title);
        if (!box.range.empty())
            svg.text(x + 10, box.title_y() + row_height, "range", box.range);
        for (std::size_t i = 0; i < box.rows.size(); ++i)
            svg.text(x + 10, box.row_y(i), "interrupt", box.rows[i]);
    }
}

void draw(Svg& svg, const Picture& picture, const Join& join)
{
    const Box& guest = picture.guest[join.guest];
    const Box& host = picture.host[join.host];
    const bool interrupt = join.guest_row >= 0;
    const int from =
        interrupt ? guest.row_y(static_cast<std::size_t>(join.guest_row)) : guest.title_y();
    const int to = interrupt ? host.row_y(static_cast<std::size_t>(join.host_row)) : host.title_y();
    svg.line(guest_x + box_width, from - 4, host_x, to - 4, interrupt ? "wire" : guest.look);
}

} // namespace

std::string map_svg(const MachineMap& map)
{
    const Picture picture = compose(map);
    const Machine& machine = map.machine;
    const int bottom = std::max(end_of(picture.guest), end_of(picture.host));
    Svg svg{host_x + box_width + margin, bottom + margin,
            fmt::format("Memory and interrupts of VM {}", machine.name)};
    svg.text(margin, 36, "title",
             fmt::format("{}: {}, {} vCPU{}", machine.name, machine.state, machine.vcpus,
                         machine.vcpus == 1 ? "" : "s"));
    svg.text(guest_x, 76, "column", "what the guest sees");
    svg.text(host_x, 76, "column", "what is there");
    for (const Join& join : picture.joins)
        draw(svg, picture, join);
    draw(svg, picture.guest, guest_x);
    draw(svg, picture.host, host_x);
    return svg.document();
}

} // namespace aliasvm::cli
