// SPDX-License-Identifier: Apache-2.0
// libfdt's read-only half, with every return code looked at. Its look-ups of a parent, a path or a
// phandle each search the blob from the start, so they are not used: one pass takes all there is.
#include "common/fdt/reader.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <cerrno>

#include <libfdt.h>

namespace aliasvm::fdt
{

namespace
{

constexpr std::size_t cell_size = sizeof(fdt32_t);
constexpr std::uint32_t first_version = 16; // from which on a node has its own name only

std::uint32_t cell_at(std::span<const std::byte> value, std::size_t index)
{
    return fdt32_ld(reinterpret_cast<const fdt32_t*>(value.data() + index * cell_size));
}

std::string_view stem_of(std::string_view name)
{
    return name.substr(0, name.find('@'));
}

/// The error of libfdt, or 0. libfdt 1.6 takes a property's length for a signed number: one near
/// 2^32 is a value of negative size to it, or leads it back to where it was, again and again. So
/// before it sees any, all of them are compared with what is left of the structure.
int check_lengths(std::span<const std::byte> blob)
{
    if (fdt_totalsize(blob.data()) > blob.size())
        return -FDT_ERR_TRUNCATED;
    std::span<const std::byte> left =
        blob.first(fdt_totalsize(blob.data())).subspan(fdt_off_dt_struct(blob.data()));
    const auto skip = [&left](std::size_t bytes)
    {
        const std::size_t whole = (bytes + cell_size - 1) / cell_size * cell_size;
        left = left.subspan(std::min(whole, left.size()));
    };
    while (left.size() >= cell_size)
    {
        const std::uint32_t tag = cell_at(left, 0);
        skip(cell_size);
        if (tag == FDT_END)
            return 0;
        if (tag == FDT_BEGIN_NODE)
            skip(static_cast<std::size_t>(std::ranges::find(left, std::byte{}) - left.begin()) + 1);
        else if (tag == FDT_PROP)
        {
            constexpr std::size_t head = 2 * cell_size; // length, name
            if (left.size() < head || cell_at(left, 0) > left.size() - head)
                return -FDT_ERR_BADSTRUCTURE;
            skip(head + cell_at(left, 0));
        }
        else if (tag != FDT_END_NODE && tag != FDT_NOP)
            return -FDT_ERR_BADSTRUCTURE;
    }
    return -FDT_ERR_TRUNCATED;
}

} // namespace

std::string Node::path() const
{
    if (index_ == 0)
        return "/";
    std::string path;
    for (std::size_t index = index_; index != 0; index = tree_->nodes_[index].parent)
        path.insert(0, tree_->nodes_[index].name).insert(0, "/");
    return path;
}

std::string_view Node::name() const
{
    return tree_->nodes_[index_].name;
}

std::string_view Node::stem() const
{
    return stem_of(name());
}

std::vector<Node> Node::children() const
{
    std::vector<Node> nodes;
    const std::size_t end = tree_->nodes_[index_].end;
    for (std::size_t child = index_ + 1; child != end; child = tree_->nodes_[child].end)
        nodes.push_back(Node{tree_, child});
    return nodes;
}

std::span<const Property> Node::properties() const
{
    const Tree::Entry& entry = tree_->nodes_[index_];
    return std::span{tree_->properties_}.subspan(entry.first_property, entry.property_count);
}

bool Node::has(std::string_view property) const
{
    return find(property) != nullptr;
}

std::uint32_t Node::cell(std::string_view property) const
{
    const Property* const found = find(property);
    if (found != nullptr && found->value.size() % cell_size != 0)
        fail(property, "it should be whole cells of 4 bytes");
    if (found == nullptr || found->value.size() != cell_size)
        fail(property, "it should be one cell");
    return cell_at(found->value, 0);
}

std::vector<std::uint32_t> Node::cells(std::string_view property) const
{
    const Property* const found = find(property);
    if (found == nullptr)
        return {};
    if (found->value.size() % cell_size != 0)
        fail(property, "it should be whole cells of 4 bytes");
    std::vector<std::uint32_t> all(found->value.size() / cell_size);
    for (std::size_t index = 0; index < all.size(); ++index)
        all[index] = cell_at(found->value, index);
    return all;
}

std::string Node::string(std::string_view property) const
{
    const std::vector<std::string> all = strings(property);
    if (all.size() != 1)
        fail(property, "it should be one string");
    return all.front();
}

std::vector<std::string> Node::strings(std::string_view property) const
{
    const Property* const found = find(property);
    if (found == nullptr || found->value.empty())
        return {};
    std::string_view rest{reinterpret_cast<const char*>(found->value.data()), found->value.size()};
    if (rest.back() != '\0')
        fail(property, fdt_strerror(-FDT_ERR_BADVALUE));
    std::vector<std::string> all;
    while (!rest.empty())
    {
        const std::size_t length = rest.find('\0');
        all.emplace_back(rest.substr(0, length));
        rest.remove_prefix(length + 1);
    }
    return all;
}

std::vector<Reg> Node::reg() const
{
    const std::vector<std::uint32_t> all = cells("reg");
    if (all.empty())
        return {};
    // What the specification says where the parent says nothing.
    const Node parent{tree_, tree_->nodes_[index_].parent};
    const std::uint32_t address_cells = parent.cell_count("#address-cells", 2);
    const std::uint32_t size_cells = parent.cell_count("#size-cells", 1);
    if (index_ == 0 || address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2)
        fail("reg", "the parent's cell counts should be 1 or 2");
    if (all.size() % (address_cells + size_cells) != 0)
        fail("reg", "it should be whole pairs of address and size");

    std::vector<Reg> entries;
    for (auto cell = all.begin(); cell != all.end();)
    {
        const auto number = [&cell](std::uint32_t cells)
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

const Property* Node::find(std::string_view property) const
{
    const std::span<const Property> all = properties();
    const auto found = std::ranges::find(all, property, &Property::name);
    return found == all.end() ? nullptr : &*found;
}

std::uint32_t Node::cell_count(std::string_view property, std::uint32_t otherwise) const
{
    const Property* const found = find(property);
    if (found == nullptr)
        return otherwise;
    // 0 is no count that reg() takes.
    return found->value.size() == cell_size ? cell_at(found->value, 0) : 0;
}

void Node::fail(std::string_view property, std::string_view why) const
{
    throw Error{EINVAL, "read {} of {}: {}", property, path(), why};
}

Tree::Tree(std::span<const std::byte> blob, std::string_view what) : blob_{blob.data()}
{
    // libfdt reads the header before it compares any size.
    int result = blob.size() < sizeof(fdt_header) ? -FDT_ERR_TRUNCATED : fdt_check_header(blob_);
    // In older ones nodes have their whole path, and libfdt 1.6 follows a null pointer where the
    // root's is none.
    if (result == 0 && fdt_version(blob_) < first_version)
        result = -FDT_ERR_BADVERSION;
    if (result == 0)
        result = check_lengths(blob);
    if (result == 0)
        result = fdt_check_full(blob_, blob.size());
    if (result == 0)
        result = take_apart();
    if (result != 0)
        throw Error{EINVAL, "read device tree {}: {}", what, fdt_strerror(result)};
}

int Tree::take_apart()
{
    std::size_t open = 0;
    int next = 0;
    for (int offset = 0;; offset = next)
    {
        const std::uint32_t tag = fdt_next_tag(blob_, offset, &next);
        if (tag == FDT_BEGIN_NODE)
        {
            // fdt_check_full() lets a second root pass; nobody would find what is in it.
            if (!nodes_.empty() && nodes_.front().end != 0)
                return -FDT_ERR_BADSTRUCTURE;
            int length = 0;
            const char* const name = fdt_get_name(blob_, offset, &length);
            if (name == nullptr)
                return length;
            nodes_.push_back({.name = {name, static_cast<std::size_t>(length)},
                              .parent = open,
                              .first_property = properties_.size()});
            open = nodes_.size() - 1;
        }
        else if (tag == FDT_END_NODE)
        {
            nodes_[open].end = nodes_.size();
            open = nodes_[open].parent;
        }
        else if (tag == FDT_PROP)
        {
            // After a child or outside of the root it belongs to nobody: it should not be there.
            if (!nodes_.empty() && open == nodes_.size() - 1 && nodes_.back().end == 0)
            {
                const int result = add_property(offset);
                if (result != 0)
                    return result;
            }
        }
        else if (tag == FDT_END)
            break;
    }
    if (next < 0)
        return next;
    return nodes_.empty() ? -FDT_ERR_BADSTRUCTURE : 0;
}

int Tree::add_property(int offset)
{
    const char* name = nullptr;
    int length = 0;
    const void* const value = fdt_getprop_by_offset(blob_, offset, &name, &length);
    if (value == nullptr)
        return length;
    const Property property{
        name, std::span{static_cast<const std::byte*>(value), static_cast<std::size_t>(length)}};
    Entry& node = nodes_.back();
    if (property.value.size() == cell_size &&
        (property.name == "phandle" || (property.name == "linux,phandle" && node.phandle == 0)))
        node.phandle = cell_at(property.value, 0);
    properties_.push_back(property);
    ++node.property_count;
    return 0;
}

std::uint32_t Tree::size() const
{
    return fdt_totalsize(blob_);
}

Node Tree::root() const
{
    return {this, 0};
}

std::vector<Reg> Tree::reservations() const
{
    std::vector<Reg> all;
    // The number is known to be good: fdt_check_full() has gone over the map.
    for (int index = 0; index < fdt_num_mem_rsv(blob_); ++index)
    {
        Reg& entry = all.emplace_back();
        fdt_get_mem_rsv(blob_, index, &entry.address, &entry.size);
    }
    return all;
}

std::optional<Node> Tree::find(std::string_view path) const
{
    if (!path.starts_with('/'))
        return std::nullopt;
    std::size_t at = 0;
    while (!path.empty())
    {
        path.remove_prefix(1);
        const std::string_view wanted = path.substr(0, path.find('/'));
        path.remove_prefix(wanted.size());
        if (wanted.empty())
            continue;
        const bool whole = wanted.find('@') != std::string_view::npos;
        const std::size_t end = nodes_[at].end;
        std::size_t child = at + 1;
        while (child != end && (whole ? nodes_[child].name : stem_of(nodes_[child].name)) != wanted)
            child = nodes_[child].end;
        if (child == end)
            return std::nullopt;
        at = child;
    }
    return Node{this, at};
}

std::optional<Node> Tree::find_phandle(std::uint32_t phandle) const
{
    // The two that the specification keeps for "none".
    if (phandle == 0 || phandle == ~std::uint32_t{0})
        throw Error{EINVAL, "find phandle {} in device tree: {}", phandle,
                    fdt_strerror(-FDT_ERR_BADPHANDLE)};
    const auto found = std::ranges::find(nodes_, phandle, &Entry::phandle);
    if (found == nodes_.end())
        return std::nullopt;
    return Node{this, static_cast<std::size_t>(found - nodes_.begin())};
}

} // namespace aliasvm::fdt
