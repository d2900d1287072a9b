// SPDX-License-Identifier: Apache-2.0
// Addresses of the different spaces, each its own type, so that none can stand in for another.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace aliasvm
{

/// A byte address of one address space. The tag is the space; there is no conversion between
/// spaces.
template <class Tag>
struct Address
{
    std::uint64_t value{};

    friend constexpr auto operator<=>(Address, Address) = default;
    friend constexpr Address operator+(Address a, std::uint64_t bytes) { return {a.value + bytes}; }
    /// Distance in bytes; the caller knows that `a` is not below `b`.
    friend constexpr std::uint64_t operator-(Address a, Address b) { return a.value - b.value; }
};

/// Guest-physical address, what KVM calls IPA (intermediate physical address).
using GuestAddr = Address<struct GuestSpace>;
/// Host-physical address of a device register window, as in the host's device tree.
using HostAddr = Address<struct HostSpace>;

/// Half-open range [base, base + size). A range of size 0 is empty and overlaps nothing.
template <class Addr>
struct Range
{
    Addr base{};
    std::uint64_t size{};

    friend constexpr bool operator==(const Range&, const Range&) = default;

    [[nodiscard]] constexpr bool valid() const { return base.value + size >= base.value; }
    /// Last byte; only for ranges that are not empty. Never overflows, unlike base + size.
    [[nodiscard]] constexpr Addr last() const { return {base.value + (size - 1)}; }
    /// Whether [at, at + width) lies wholly inside: checking the base alone lets an access run
    /// past the end.
    [[nodiscard]] constexpr bool contains(Addr at, std::uint64_t width = 1) const
    {
        return at >= base && width <= size && at.value - base.value <= size - width;
    }
    [[nodiscard]] constexpr bool overlaps(const Range& other) const
    {
        return size != 0 && other.size != 0 && base <= other.last() && other.base <= last();
    }
};

using GuestRange = Range<GuestAddr>;
using HostRange = Range<HostAddr>;

/// The part common to both ranges, if any.
template <class Addr>
[[nodiscard]] constexpr std::optional<Range<Addr>> intersection(const Range<Addr>& a,
                                                                const Range<Addr>& b)
{
    if (!a.overlaps(b))
        return std::nullopt;
    const Addr base = a.base > b.base ? a.base : b.base;
    const Addr last = a.last() < b.last() ? a.last() : b.last();
    return Range<Addr>{base, last.value - base.value + 1};
}

/// The page size of host and guest stage 2. vfio-platform offers mmap only for page-aligned
/// regions, so a ZynqMP host must run 4 KiB pages (its peripherals are 4 KiB each).
inline constexpr std::uint64_t page_size = 4096;

[[nodiscard]] constexpr bool page_aligned(std::uint64_t value)
{
    return value % page_size == 0;
}

[[nodiscard]] constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

} // namespace aliasvm
