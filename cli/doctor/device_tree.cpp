// SPDX-License-Identifier: Apache-2.0
// Property files hold what is in the blob: big-endian cells, strings with their NUL.
#include "cli/doctor/device_tree.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace aliasvm::cli
{

namespace
{

namespace fs = std::filesystem;

constexpr std::string_view tree_folder = "sys/firmware/devicetree/base";

std::string bytes_of(const fs::path& file)
{
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
        return {};
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

std::uint32_t only_cell(const TreeNode& node, std::string_view property, std::uint32_t otherwise)
{
    const auto cells = node.cells(property);
    return cells.size() == 1 ? cells.front() : otherwise;
}

} // namespace

bool TreeNode::has(std::string_view property) const
{
    std::error_code ignored;
    return fs::is_regular_file(folder_ / property, ignored);
}

std::vector<std::string> TreeNode::strings(std::string_view property) const
{
    std::vector<std::string> all;
    const std::string bytes = bytes_of(folder_ / property);
    for (std::size_t at = 0; at < bytes.size();)
    {
        const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
        all.push_back(bytes.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

std::vector<std::uint32_t> TreeNode::cells(std::string_view property) const
{
    std::vector<std::uint32_t> all;
    const std::string bytes = bytes_of(folder_ / property);
    for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4)
    {
        std::uint32_t cell = 0;
        for (std::size_t i = 0; i < 4; ++i)
            cell = cell << 8 | static_cast<unsigned char>(bytes[at + i]);
        all.push_back(cell);
    }
    return all;
}

bool TreeNode::compatible_with(std::string_view name) const
{
    return std::ranges::count(strings("compatible"), name) != 0;
}

bool TreeNode::enabled() const
{
    const auto status = strings("status");
    return status.empty() || status.front() == "okay" || status.front() == "ok";
}

std::vector<TreeNode::Reg> TreeNode::reg() const
{
    const TreeNode parent{folder_.parent_path()};
    const std::size_t address_cells = only_cell(parent, "#address-cells", 2);
    const std::size_t size_cells = only_cell(parent, "#size-cells", 1);
    const auto all = cells("reg");
    std::vector<Reg> regs;
    if (address_cells + size_cells == 0)
        return regs;
    for (std::size_t at = 0; at + address_cells + size_cells <= all.size();
         at += address_cells + size_cells)
    {
        Reg one;
        for (std::size_t i = 0; i < address_cells; ++i)
            one.address = one.address << 32 | all[at + i];
        for (std::size_t i = 0; i < size_cells; ++i)
            one.size = one.size << 32 | all[at + address_cells + i];
        regs.push_back(one);
    }
    return regs;
}

bool has_device_tree(const HostView& host)
{
    return host.exists(tree_folder);
}

std::optional<TreeNode> find_compatible(const HostView& host,
                                        const std::vector<std::string_view>& names)
{
    std::optional<TreeNode> disabled;
    std::error_code error;
    for (fs::recursive_directory_iterator i{host.at(tree_folder), error}, end; !error && i != end;
         i.increment(error))
    {
        if (!i->is_directory(error))
            continue;
        TreeNode node{i->path()};
        const bool found = std::ranges::any_of(names, [&node](std::string_view name)
                                               { return node.compatible_with(name); });
        if (found && node.enabled())
            return node;
        if (found && !disabled)
            disabled = std::move(node);
    }
    return disabled;
}

std::optional<TreeNode> node_of_device(const HostView& host, const std::string& sysname)
{
    std::error_code error;
    const auto folder =
        fs::canonical(host.at("sys/bus/platform/devices/" + sysname + "/of_node"), error);
    return error ? std::nullopt : std::optional{TreeNode{folder}};
}

} // namespace aliasvm::cli
