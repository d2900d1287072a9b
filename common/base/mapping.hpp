// SPDX-License-Identifier: Apache-2.0
// Mapping: sole owner of one mmap of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace aliasvm
{

/// Owns a range of this process's address space and unmaps it; move-only. The memory may be a
/// device's: whoever maps knows what accesses are allowed.
class Mapping
{
public:
    Mapping() = default;
    Mapping(Mapping&& other) noexcept;
    Mapping& operator=(Mapping&& other) noexcept;
    ~Mapping();

    /// Private anonymous memory, zero-filled on first touch, not counted against overcommit.
    /// `alignment` is a power of two of at least a page: 2 MiB lets stage 2 use block mappings
    /// (KVM maps a block only where guest-physical and host-virtual agree modulo its size), and
    /// asks for huge pages. `what` is for the error. Throws Error.
    [[nodiscard]] static Mapping anonymous(std::uint64_t bytes, std::uint64_t alignment,
                                           std::string_view what);
    /// `bytes` of `fd` from `offset`, shared, readable and writable. Throws Error.
    [[nodiscard]] static Mapping shared(int fd, std::uint64_t offset, std::uint64_t bytes,
                                        std::string_view what);
    /// A read-only private view of a whole file. Throws Error.
    [[nodiscard]] static Mapping of_file(int fd, std::uint64_t bytes, std::string_view what);

    /// Lays a private, writable view of `fd` over pages of this mapping, so that a file becomes
    /// part of it without being copied. `at`, relative to this mapping, and `offset` are page-
    /// aligned; what is left of the last page beyond the file reads zero. Throws Error.
    void overlay(std::uint64_t at, int fd, std::uint64_t offset, std::uint64_t bytes,
                 std::string_view what);

    [[nodiscard]] std::byte* data() const noexcept { return data_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return {data_, size_}; }

private:
    Mapping(std::byte* data, std::uint64_t size) noexcept : data_{data}, size_{size} {}

    std::byte* data_{};
    std::uint64_t size_{};
};

} // namespace aliasvm
