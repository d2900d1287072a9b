// SPDX-License-Identifier: Apache-2.0
// Reading a flattened device tree that somebody else owns.
#pragma once

#include "common/fdt/reg.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::fdt
{

struct Property
{
    std::string_view name;
    std::span<const std::byte> value;
};

class Tree;

/// A node of a Tree: a pair of pointers in effect, valid as long as the tree and its bytes are.
/// What is of another form than asked for throws Error with the node's path; what is missing does
/// so only where the function says it. Nothing here goes over the blob again.
class Node
{
public:
    /// Composed when asked for.
    [[nodiscard]] std::string path() const;
    /// With the unit address: "serial@ff000000".
    [[nodiscard]] std::string_view name() const;
    /// Without it: "serial".
    [[nodiscard]] std::string_view stem() const;
    [[nodiscard]] std::vector<Node> children() const;
    /// Valid as long as the tree is.
    [[nodiscard]] std::span<const Property> properties() const;

    [[nodiscard]] bool has(std::string_view property) const;
    /// Exactly one cell; throws if it is missing.
    [[nodiscard]] std::uint32_t cell(std::string_view property) const;
    /// Empty if it is missing.
    [[nodiscard]] std::vector<std::uint32_t> cells(std::string_view property) const;
    /// Throws if it is missing.
    [[nodiscard]] std::string string(std::string_view property) const;
    /// Empty if it is missing.
    [[nodiscard]] std::vector<std::string> strings(std::string_view property) const;
    /// By the parent's #address-cells and #size-cells, which are 1 or 2. Empty if it is missing.
    [[nodiscard]] std::vector<Reg> reg() const;

private:
    friend class Tree;

    Node(const Tree* tree, std::size_t index) : tree_{tree}, index_{index} {}

    [[nodiscard]] const Property* find(std::string_view property) const;
    /// Of a node that other nodes' `reg` follows; `otherwise` if it does not say.
    [[nodiscard]] std::uint32_t cell_count(std::string_view property,
                                           std::uint32_t otherwise) const;
    [[noreturn]] void fail(std::string_view property, std::string_view why) const;

    const Tree* tree_;
    std::size_t index_;
};

/// A whole tree, checked from end to end and taken apart in one pass when constructed: whatever is
/// in the bytes, no later reading leaves them.
class Tree
{
public:
    /// `blob` is 8-byte aligned, as memory from new or mmap is, and outlives the tree. `what` names
    /// it in errors. Its format is of version 16 or later (dtc writes 17). Throws Error.
    Tree(std::span<const std::byte> blob, std::string_view what);
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    /// What the header says; the span may be larger.
    [[nodiscard]] std::uint32_t size() const;
    [[nodiscard]] Node root() const;
    /// The reservation map: memory that a kernel is to leave alone.
    [[nodiscard]] std::vector<Reg> reservations() const;
    /// From "/" on. A unit address may be left out: the first such node it is then.
    [[nodiscard]] std::optional<Node> find(std::string_view path) const;
    [[nodiscard]] std::optional<Node> find_phandle(std::uint32_t phandle) const;

private:
    friend class Node;

    /// A node as it lies in nodes_, which has parents before children and children before siblings.
    struct Entry
    {
        std::string_view name;
        std::size_t parent{}; ///< the root's is the root
        std::size_t end{};    ///< index of the first node that is not below this one
        std::size_t first_property{};
        std::size_t property_count{};
        std::uint32_t phandle{}; ///< 0 where there is none
    };

    /// The error of libfdt, or 0.
    [[nodiscard]] int take_apart();
    [[nodiscard]] int add_property(int offset);

    const void* blob_;
    std::vector<Entry> nodes_;
    std::vector<Property> properties_; ///< of all nodes, in their order
};

} // namespace aliasvm::fdt
