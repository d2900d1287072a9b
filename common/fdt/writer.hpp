// SPDX-License-Identifier: Apache-2.0
// Writing a flattened device tree from the root down.
#pragma once

#include "common/fdt/reg.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::fdt
{

/// The address or size as two cells, as with #address-cells = <2>.
[[nodiscard]] std::vector<std::uint32_t> two_cells(std::initializer_list<std::uint64_t> numbers);

/// Values of properties.
[[nodiscard]] std::vector<std::byte> bytes_of(const std::vector<std::uint32_t>& cells);
[[nodiscard]] std::vector<std::byte> bytes_of(const std::vector<std::string>& strings);

/// A tree in the making: properties go to the node opened last, and a node's properties come
/// before its children. It grows as needed.
///
///     Writer writer;                       // the root is open
///     writer.cell("#address-cells", 2);
///     {
///         const auto cpus = writer.node("cpus");
///         writer.cell("#size-cells", 0);
///     }                                    // "cpus" is closed
///     auto blob = std::move(writer).finish();
class Writer
{
public:
    /// Closes its node when it goes. Nodes close in the reverse order of opening.
    class Open
    {
    public:
        explicit Open(Writer& writer) : writer_{&writer} {}
        Open(const Open&) = delete;
        Open& operator=(const Open&) = delete;
        ~Open() { writer_->close(); }

    private:
        Writer* writer_;
    };

    /// `reservations` is the tree's map of memory that a kernel is to leave alone.
    explicit Writer(std::span<const Reg> reservations = {});

    [[nodiscard]] Open node(const std::string& name);

    void flag(const std::string& property);
    void cell(const std::string& property, std::uint32_t value);
    void cells(const std::string& property, const std::vector<std::uint32_t>& values);
    void string(const std::string& property, const std::string& value);
    void strings(const std::string& property, const std::vector<std::string>& values);
    void bytes(const std::string& property, std::span<const std::byte> value);

    /// A number for one `phandle` property, each time another; may be used before it is written.
    [[nodiscard]] std::uint32_t new_phandle() noexcept { return ++last_phandle_; }

    /// Closes the root and gives the blob, exactly as long as it needs to be. Throws Error.
    [[nodiscard]] std::vector<std::byte> finish() &&;

private:
    void open(const std::string& name);
    void close() noexcept;
    void write(const char* act, const std::string& object, const std::function<int(void*)>& step);

    std::vector<std::byte> buffer_;
    std::vector<std::string> open_nodes_;
    bool after_child_{}; ///< the open node has a child, so that no property may follow
    std::uint32_t last_phandle_{};
    std::exception_ptr close_error_; ///< a destructor cannot throw it, finish() does
};

} // namespace aliasvm::fdt
