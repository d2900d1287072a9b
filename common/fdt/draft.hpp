// SPDX-License-Identifier: Apache-2.0
// Draft: a device tree in memory that can be changed.
#pragma once

#include "common/fdt/reader.hpp"
#include "common/fdt/writer.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aliasvm::fdt
{

/// A node with all that is below it. Its children stay where they are, whatever is added beside
/// them. Values of another form than asked for read as nothing: what is in a tree that people bring
/// is theirs, and whoever changes it passes over what it does not understand.
class Draft
{
public:
    /// As deep as a tree may be: Linux goes no deeper (FDT_MAX_DEPTH).
    static constexpr unsigned deepest = 64;

    explicit Draft(std::string name) : name_{std::move(name)} {}
    /// A copy. Throws Error if it is deeper than `deepest`.
    explicit Draft(const Node& node) : Draft{node, 0} {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string_view stem() const;

    [[nodiscard]] std::list<Draft>& children() { return children_; }
    [[nodiscard]] const std::list<Draft>& children() const { return children_; }
    /// The first of this name, a unit address left out; null if there is none.
    [[nodiscard]] Draft* find(std::string_view stem);
    Draft& add(std::string name) { return children_.emplace_back(std::move(name)); }
    /// That child, as it is or new.
    Draft& child(const std::string& stem);

    [[nodiscard]] bool has(std::string_view property) const;
    [[nodiscard]] std::vector<std::uint32_t> cells(std::string_view property) const;
    [[nodiscard]] std::vector<std::string> strings(std::string_view property) const;
    /// The one cell of the property, or `otherwise`.
    [[nodiscard]] std::uint32_t cell(std::string_view property, std::uint32_t otherwise) const;
    [[nodiscard]] bool is(std::string_view compatible) const;
    /// By its own `status`: those of its parents are not looked at.
    [[nodiscard]] bool available() const;
    /// 0 if it has none.
    [[nodiscard]] std::uint32_t phandle() const;

    void set(const std::string& property, std::vector<std::byte> value = {});
    void set_cells(const std::string& property, const std::vector<std::uint32_t>& cells);
    void set_strings(const std::string& property, const std::vector<std::string>& strings);
    void remove(std::string_view property);

    /// Properties and children, into the node that is open.
    void write(Writer& writer) const;

private:
    using Property = std::pair<std::string, std::vector<std::byte>>;

    Draft(const Node& node, unsigned depth);
    [[nodiscard]] const std::vector<std::byte>* value(std::string_view property) const;

    std::string name_;
    std::vector<Property> properties_;
    std::list<Draft> children_;
};

} // namespace aliasvm::fdt
