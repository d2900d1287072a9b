// SPDX-License-Identifier: Apache-2.0
// libfdt's read-only half, with every return code looked at.
#include "vmm/fdt/reader.hpp"

#include "vmm/base/error.hpp"

#include <cerrno>

#include <libfdt.h>

namespace aliasvm::fdt
{

namespace
{

/// As path(), but for error texts: never throws on a tree too odd to name its nodes.
std::string path_or_offset(const void* blob, int offset)
{
    std::string path(256, '\0');
    if (fdt_get_path(blob, offset, path.data(), static_cast<int>(path.size())) != 0)
        return fmt::format("node at offset {}", offset);
    path.resize(path.find('\0'));
    return path;
}

[[noreturn]] void fail(const void* blob, int offset, const char* property, const char* why)
{
    throw Error{EINVAL, "read {} of {}: {}", property, path_or_offset(blob, offset), why};
}

std::optional<std::span<const std::byte>> find_value(const void* blob, int offset,
                                                     const char* property)
{
    int length = 0;
    const void* value = fdt_getprop(blob, offset, property, &length);
    if (value == nullptr)
    {
        if (length != -FDT_ERR_NOTFOUND)
            fail(blob, offset, property, fdt_strerror(length));
        return std::nullopt;
    }
    return std::span{static_cast<const std::byte*>(value), static_cast<std::size_t>(length)};
}

/// Tells "there is none" from "the question was wrong".
std::optional<int> found(int offset, const std::string& object)
{
    if (offset >= 0)
        return offset;
    if (offset != -FDT_ERR_NOTFOUND)
        throw Error{EINVAL, "find {} in device tree: {}", object, fdt_strerror(offset)};
    return std::nullopt;
}

} // namespace

std::string Node::path() const
{
    for (std::size_t room = 256;; room *= 2)
    {
        std::string path(room, '\0');
        const int result = fdt_get_path(blob_, offset_, path.data(), static_cast<int>(room));
        if (result == -FDT_ERR_NOSPACE)
            continue;
        if (result != 0)
            fail(blob_, offset_, "path", fdt_strerror(result));
        path.resize(path.find('\0'));
        return path;
    }
}

std::string_view Node::name() const
{
    int length = 0;
    const char* name = fdt_get_name(blob_, offset_, &length);
    if (name == nullptr)
        fail(blob_, offset_, "name", fdt_strerror(length));
    return {name, static_cast<std::size_t>(length)};
}

std::string_view Node::stem() const
{
    const std::string_view whole = name();
    return whole.substr(0, whole.find('@'));
}

std::vector<Node> Node::children() const
{
    std::vector<Node> nodes;
    int child = fdt_first_subnode(blob_, offset_);
    for (; child >= 0; child = fdt_next_subnode(blob_, child))
        nodes.push_back(Node{blob_, child});
    if (child != -FDT_ERR_NOTFOUND)
        fail(blob_, offset_, "subnodes", fdt_strerror(child));
    return nodes;
}

std::vector<Property> Node::properties() const
{
    std::vector<Property> all;
    int at = fdt_first_property_offset(blob_, offset_);
    for (; at >= 0; at = fdt_next_property_offset(blob_, at))
    {
        const char* property = nullptr;
        int length = 0;
        const void* value = fdt_getprop_by_offset(blob_, at, &property, &length);
        if (value == nullptr)
            fail(blob_, offset_, "properties", fdt_strerror(length));
        all.push_back({property, std::span{static_cast<const std::byte*>(value),
                                           static_cast<std::size_t>(length)}});
    }
    if (at != -FDT_ERR_NOTFOUND)
        fail(blob_, offset_, "properties", fdt_strerror(at));
    return all;
}

bool Node::has(const char* property) const
{
    return find_value(blob_, offset_, property).has_value();
}

std::uint32_t Node::cell(const char* property) const
{
    const std::vector<std::uint32_t> all = cells(property);
    if (all.size() != 1)
        fail(blob_, offset_, property, "it should be one cell");
    return all.front();
}

std::vector<std::uint32_t> Node::cells(const char* property) const
{
    const auto value = find_value(blob_, offset_, property);
    if (!value)
        return {};
    if (value->size() % sizeof(fdt32_t) != 0)
        fail(blob_, offset_, property, "it should be whole cells of 4 bytes");
    std::vector<std::uint32_t> all;
    for (std::size_t at = 0; at < value->size(); at += sizeof(fdt32_t))
        all.push_back(fdt32_ld(reinterpret_cast<const fdt32_t*>(value->data() + at)));
    return all;
}

std::string Node::string(const char* property) const
{
    const std::vector<std::string> all = strings(property);
    if (all.size() != 1)
        fail(blob_, offset_, property, "it should be one string");
    return all.front();
}

std::vector<std::string> Node::strings(const char* property) const
{
    if (!has(property))
        return {};
    const int count = fdt_stringlist_count(blob_, offset_, property);
    if (count < 0)
        fail(blob_, offset_, property, fdt_strerror(count));
    std::vector<std::string> all;
    for (int index = 0; index < count; ++index)
    {
        int length = 0;
        const char* text = fdt_stringlist_get(blob_, offset_, property, index, &length);
        if (text == nullptr)
            fail(blob_, offset_, property, fdt_strerror(length));
        all.emplace_back(text, static_cast<std::size_t>(length));
    }
    return all;
}

std::vector<Reg> Node::reg() const
{
    const std::vector<std::uint32_t> all = cells("reg");
    if (all.empty())
        return {};
    const int parent = fdt_parent_offset(blob_, offset_);
    const int address_cells = fdt_address_cells(blob_, parent);
    const int size_cells = fdt_size_cells(blob_, parent);
    if (address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2)
        fail(blob_, offset_, "reg", "the parent's cell counts should be 1 or 2");
    const auto stride = static_cast<std::size_t>(address_cells + size_cells);
    if (all.size() % stride != 0)
        fail(blob_, offset_, "reg", "it should be whole pairs of address and size");

    std::vector<Reg> entries;
    for (auto cell = all.begin(); cell != all.end();)
    {
        const auto number = [&cell](int cells)
        {
            std::uint64_t value = 0;
            for (; cells > 0; --cells)
                value = value << 32 | *cell++;
            return value;
        };
        const std::uint64_t address = number(address_cells);
        entries.push_back({address, number(size_cells)});
    }
    return entries;
}

Tree::Tree(std::span<const std::byte> blob, std::string_view what) : blob_{blob.data()}
{
    // libfdt reads the header before it compares any size.
    const int result =
        blob.size() < sizeof(fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_full(blob_, blob.size());
    if (result != 0)
        throw Error{EINVAL, "read device tree {}: {}", what, fdt_strerror(result)};
}

std::uint32_t Tree::size() const
{
    return fdt_totalsize(blob_);
}

Node Tree::root() const
{
    return {blob_, 0};
}

std::optional<Node> Tree::find(const std::string& path) const
{
    const auto offset = found(fdt_path_offset(blob_, path.c_str()), path);
    return offset ? std::optional{Node{blob_, *offset}} : std::nullopt;
}

std::optional<Node> Tree::find_phandle(std::uint32_t phandle) const
{
    const auto offset =
        found(fdt_node_offset_by_phandle(blob_, phandle), fmt::format("phandle {}", phandle));
    return offset ? std::optional{Node{blob_, *offset}} : std::nullopt;
}

} // namespace aliasvm::fdt
