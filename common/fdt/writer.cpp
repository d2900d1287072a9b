// SPDX-License-Identifier: Apache-2.0
// libfdt's sequential-write half.
#include "common/fdt/writer.hpp"

#include "common/base/error.hpp"

#include <cerrno>

#include <fmt/ranges.h>
#include <libfdt.h>

namespace aliasvm::fdt
{

namespace
{

constexpr std::size_t first_size = 4096;

} // namespace

std::vector<std::uint32_t> two_cells(std::initializer_list<std::uint64_t> numbers)
{
    std::vector<std::uint32_t> cells;
    for (const std::uint64_t number : numbers)
    {
        cells.push_back(static_cast<std::uint32_t>(number >> 32));
        cells.push_back(static_cast<std::uint32_t>(number));
    }
    return cells;
}

std::vector<std::byte> bytes_of(const std::vector<std::uint32_t>& cells)
{
    std::vector<std::byte> value(cells.size() * sizeof(fdt32_t));
    for (std::size_t index = 0; index < cells.size(); ++index)
        fdt32_st(value.data() + index * sizeof(fdt32_t), cells[index]);
    return value;
}

std::vector<std::byte> bytes_of(const std::vector<std::string>& strings)
{
    std::vector<std::byte> value;
    for (const std::string& text : strings)
    {
        const auto characters = std::as_bytes(std::span{text});
        value.insert(value.end(), characters.begin(), characters.end());
        value.push_back({});
    }
    return value;
}

Writer::Writer(std::span<const Reg> reservations) : buffer_(first_size)
{
    const int result = fdt_create(buffer_.data(), static_cast<int>(buffer_.size()));
    if (result != 0)
        throw Error{EINVAL, "create device tree: {}", fdt_strerror(result)};
    for (const Reg& entry : reservations)
        write("add", "to the reservation map",
              [&](void* fdt) { return fdt_add_reservemap_entry(fdt, entry.address, entry.size); });
    write("end", "reservation map", [](void* fdt) { return fdt_finish_reservemap(fdt); });
    open("");
}

Writer::Open Writer::node(const std::string& name)
{
    open(name);
    return Open{*this};
}

void Writer::flag(const std::string& property)
{
    bytes(property, {});
}

void Writer::cell(const std::string& property, std::uint32_t value)
{
    cells(property, {value});
}

void Writer::cells(const std::string& property, const std::vector<std::uint32_t>& values)
{
    bytes(property, bytes_of(values));
}

void Writer::string(const std::string& property, const std::string& value)
{
    strings(property, {value});
}

void Writer::strings(const std::string& property, const std::vector<std::string>& values)
{
    bytes(property, bytes_of(values));
}

void Writer::bytes(const std::string& property, std::span<const std::byte> value)
{
    // libfdt would write it, and readers would not find it.
    if (after_child_)
        throw Error{EINVAL, "write property {} in {}: a child is there already", property,
                    fmt::join(open_nodes_, "/")};
    write("write property", property,
          [&](void* fdt) {
              return fdt_property(fdt, property.c_str(), value.data(),
                                  static_cast<int>(value.size()));
          });
}

std::vector<std::byte> Writer::finish() &&
{
    if (open_nodes_.size() == 1)
        close();
    if (close_error_)
        std::rethrow_exception(close_error_);
    if (!open_nodes_.empty())
        throw Error{EINVAL, "finish device tree: /{} is open", fmt::join(open_nodes_, "/")};
    write("finish", "device tree", [](void* fdt) { return fdt_finish(fdt); });
    buffer_.resize(fdt_totalsize(buffer_.data()));
    return std::move(buffer_);
}

void Writer::open(const std::string& name)
{
    write("open node", name, [&](void* fdt) { return fdt_begin_node(fdt, name.c_str()); });
    open_nodes_.push_back(name);
    after_child_ = false;
}

void Writer::close() noexcept
{
    try
    {
        write("close node", open_nodes_.back(), [](void* fdt) { return fdt_end_node(fdt); });
        open_nodes_.pop_back();
        after_child_ = true;
    }
    catch (...)
    {
        close_error_ = std::current_exception();
    }
}

void Writer::write(const char* act, const std::string& object,
                   const std::function<int(void*)>& step)
{
    // A step that finds no space has changed nothing, so it can be repeated in a larger buffer.
    int result = step(buffer_.data());
    while (result == -FDT_ERR_NOSPACE)
    {
        std::vector<std::byte> larger(buffer_.size() * 2);
        const int moved =
            fdt_resize(buffer_.data(), larger.data(), static_cast<int>(larger.size()));
        if (moved != 0)
            throw Error{EINVAL, "grow device tree: {}", fdt_strerror(moved)};
        buffer_ = std::move(larger);
        result = step(buffer_.data());
    }
    if (result != 0)
        throw Error{EINVAL, "{} {} in {}: {}",           act,
                    object, fmt::join(open_nodes_, "/"), fdt_strerror(result)};
}

} // namespace aliasvm::fdt
