// SPDX-License-Identifier: Apache-2.0
// Reading a flattened device tree that somebody else owns.
#pragma once

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

/// One entry of a node's `reg`, in the address space of its parent.
struct Reg
{
    std::uint64_t address{};
    std::uint64_t size{};
};

/// A node of a Tree: a pair of pointers in effect, valid as long as the tree's bytes are. What is
/// of another form than asked for throws Error with the node's path; what is missing does so only
/// where the function says it.
class Node
{
public:
    [[nodiscard]] std::string path() const;
    /// With the unit address: "serial@ff000000".
    [[nodiscard]] std::string_view name() const;
    /// Without it: "serial".
    [[nodiscard]] std::string_view stem() const;
    [[nodiscard]] std::vector<Node> children() const;
    [[nodiscard]] std::vector<Property> properties() const;

    [[nodiscard]] bool has(const char* property) const;
    /// Exactly one cell; throws if it is missing.
    [[nodiscard]] std::uint32_t cell(const char* property) const;
    /// Empty if it is missing.
    [[nodiscard]] std::vector<std::uint32_t> cells(const char* property) const;
    /// Throws if it is missing.
    [[nodiscard]] std::string string(const char* property) const;
    /// Empty if it is missing.
    [[nodiscard]] std::vector<std::string> strings(const char* property) const;
    /// By the parent's #address-cells and #size-cells, which are 1 or 2. Empty if it is missing.
    [[nodiscard]] std::vector<Reg> reg() const;

private:
    friend class Tree;

    Node(const void* blob, int offset) : blob_{blob}, offset_{offset} {}

    const void* blob_;
    int offset_;
};

/// A whole tree, checked from end to end when constructed: whatever is in the bytes, no later
/// reading leaves them.
class Tree
{
public:
    /// `blob` is 8-byte aligned, as memory from new or mmap is, and outlives the tree. `what` names
    /// it in errors. Throws Error.
    Tree(std::span<const std::byte> blob, std::string_view what);

    /// What the header says; the span may be larger.
    [[nodiscard]] std::uint32_t size() const;
    [[nodiscard]] Node root() const;
    [[nodiscard]] std::optional<Node> find(const std::string& path) const;
    [[nodiscard]] std::optional<Node> find_phandle(std::uint32_t phandle) const;

private:
    const void* blob_;
};

} // namespace aliasvm::fdt
