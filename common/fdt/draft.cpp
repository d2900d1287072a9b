// SPDX-License-Identifier: Apache-2.0
// Lists of names and bytes; what they mean is with whoever asks.
#include "common/fdt/draft.hpp"

#include "common/base/error.hpp"

#include <algorithm>
#include <cerrno>

#include <libfdt.h>

namespace aliasvm::fdt
{

std::string_view Draft::stem() const
{
    return std::string_view{name_}.substr(0, name_.find('@'));
}

Draft::Draft(const Node& node, unsigned depth) : name_{node.name()}
{
    if (depth > deepest)
        throw Error{EINVAL, "copy a device tree: its nodes lie more than {} deep", deepest};
    for (const fdt::Property& property : node.properties())
        properties_.emplace_back(
            property.name, std::vector<std::byte>{property.value.begin(), property.value.end()});
    for (const Node& child : node.children())
        children_.push_back(Draft{child, depth + 1});
}

Draft* Draft::find(std::string_view stem)
{
    const auto found = std::ranges::find(children_, stem, &Draft::stem);
    return found == children_.end() ? nullptr : &*found;
}

Draft& Draft::child(const std::string& stem)
{
    Draft* const found = find(stem);
    return found != nullptr ? *found : add(stem);
}

const std::vector<std::byte>* Draft::value(std::string_view property) const
{
    const auto found = std::ranges::find(properties_, property, &Property::first);
    return found == properties_.end() ? nullptr : &found->second;
}

bool Draft::has(std::string_view property) const
{
    return value(property) != nullptr;
}

std::vector<std::uint32_t> Draft::cells(std::string_view property) const
{
    const auto* const bytes = value(property);
    if (bytes == nullptr || bytes->size() % sizeof(fdt32_t) != 0)
        return {};
    std::vector<std::uint32_t> all(bytes->size() / sizeof(fdt32_t));
    for (std::size_t index = 0; index < all.size(); ++index)
        all[index] =
            fdt32_ld(reinterpret_cast<const fdt32_t*>(bytes->data() + index * sizeof(fdt32_t)));
    return all;
}

std::vector<std::string> Draft::strings(std::string_view property) const
{
    const auto* const bytes = value(property);
    if (bytes == nullptr || bytes->empty() || bytes->back() != std::byte{})
        return {};
    std::vector<std::string> all;
    for (auto at = bytes->begin(); at != bytes->end();)
    {
        const auto end = std::find(at, bytes->end(), std::byte{});
        std::string& text = all.emplace_back();
        std::transform(at, end, std::back_inserter(text),
                       [](std::byte byte) { return static_cast<char>(byte); });
        at = end + 1;
    }
    return all;
}

std::uint32_t Draft::cell(std::string_view property, std::uint32_t otherwise) const
{
    const std::vector<std::uint32_t> all = cells(property);
    return all.size() == 1 ? all.front() : otherwise;
}

bool Draft::is(std::string_view compatible) const
{
    return std::ranges::count(strings("compatible"), compatible) != 0;
}

bool Draft::available() const
{
    const std::vector<std::string> status = strings("status");
    return !has("status") || (!status.empty() && (status[0] == "okay" || status[0] == "ok"));
}

std::uint32_t Draft::phandle() const
{
    return cell("phandle", cell("linux,phandle", 0));
}

void Draft::set(const std::string& property, std::vector<std::byte> value)
{
    const auto found = std::ranges::find(properties_, property, &Property::first);
    if (found == properties_.end())
        properties_.emplace_back(property, std::move(value));
    else
        found->second = std::move(value);
}

void Draft::set_cells(const std::string& property, const std::vector<std::uint32_t>& cells)
{
    set(property, bytes_of(cells));
}

void Draft::set_strings(const std::string& property, const std::vector<std::string>& strings)
{
    set(property, bytes_of(strings));
}

void Draft::remove(std::string_view property)
{
    std::erase_if(properties_, [property](const Property& one) { return one.first == property; });
}

void Draft::write(Writer& writer) const
{
    for (const auto& [name, value] : properties_)
        writer.bytes(name, value);
    for (const Draft& child : children_)
    {
        const auto open = writer.node(child.name_);
        child.write(writer);
    }
}

} // namespace aliasvm::fdt
