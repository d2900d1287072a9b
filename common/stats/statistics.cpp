// SPDX-License-Identifier: Apache-2.0
// One bounded read, then a walk over the bytes that trusts none of them.
#include "common/stats/statistics.hpp"

#include "common/base/error.hpp"
#include "common/stats/own_counts.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <vector>

namespace aliasvm::stats
{

namespace
{

// struct kvm_stats_header and the fixed part of struct kvm_stats_desc, the name of which follows it
// in `name_size` bytes. Not the kernel's own structures: in C++ the flexible array at the end of
// some versions of kvm_stats_desc takes a byte.
struct Header
{
    std::uint32_t flags;
    std::uint32_t name_size;
    std::uint32_t count;
    std::uint32_t id_offset;
    std::uint32_t descriptors_offset;
    std::uint32_t data_offset;
};
static_assert(sizeof(Header) == 24);

struct Descriptor
{
    std::uint32_t flags;
    std::int16_t exponent;
    std::uint16_t values; ///< 64 bits each
    std::uint32_t offset; ///< from Header::data_offset
    std::uint32_t bucket_size;
};
static_assert(sizeof(Descriptor) == 16);

constexpr std::uint32_t type_mask = 0xf;
constexpr std::uint32_t type_cumulative = 0;
constexpr std::uint32_t type_instant = 1;

constexpr std::uint32_t longest_name = 256; // KVM's have 48

using Bytes = std::span<const std::byte>;

std::vector<std::byte> read_all(int fd)
{
    std::vector<std::byte> bytes(largest_statistics);
    std::size_t done = 0;
    while (done < bytes.size())
    {
        const ssize_t got =
            ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Error{errno, "read statistics"};
        if (got == 0)
            break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

/// 64-bit offsets: sums of what the file says in 32 bits cannot wrap.
Bytes part(Bytes bytes, std::uint64_t offset, std::uint64_t size, const char* what)
{
    if (offset > bytes.size() || size > bytes.size() - offset)
        throw Error{EPROTO,      "read {} of statistics at {}, {} bytes, of {}", what, offset, size,
                    bytes.size()};
    return bytes.subspan(offset, size);
}

template <class T>
T value_of(Bytes bytes)
{
    T value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

std::string name_of(Bytes bytes)
{
    const auto end = std::ranges::find(bytes, std::byte{});
    if (end == bytes.end() || end == bytes.begin())
        throw Error{EPROTO, "read a name in statistics, which does not end or is empty"};
    std::string name;
    for (const std::byte b : bytes.first(static_cast<std::size_t>(end - bytes.begin())))
    {
        if (b <= std::byte{' '} || b > std::byte{'~'})
            throw Error{EPROTO, "read a name in statistics, which has byte {:#x}",
                        std::to_integer<unsigned>(b)};
        name.push_back(static_cast<char>(b));
    }
    return name;
}

/// A value of its own, not one of a histogram's.
bool single(const Descriptor& descriptor) noexcept
{
    const std::uint32_t type = descriptor.flags & type_mask;
    return descriptor.values == 1 && (type == type_cumulative || type == type_instant);
}

} // namespace

std::map<std::string, std::uint64_t> read_statistics(int fd)
{
    if (looks_like_own_counts(fd))
        return read_own_counts(fd);
    const std::vector<std::byte> all = read_all(fd);
    const Bytes bytes{all};
    const auto header = value_of<Header>(part(bytes, 0, sizeof(Header), "the header"));
    if (header.name_size > longest_name)
        throw Error{EPROTO, "read statistics with names of {} bytes", header.name_size};

    std::map<std::string, std::uint64_t> values;
    const std::uint64_t stride = sizeof(Descriptor) + header.name_size;
    const Bytes descriptors =
        part(bytes, header.descriptors_offset, header.count * stride, "the descriptors");
    for (std::uint32_t i = 0; i < header.count; ++i)
    {
        const Bytes one = descriptors.subspan(i * stride, stride);
        const auto descriptor = value_of<Descriptor>(one);
        if (!single(descriptor))
            continue;
        const std::uint64_t at = std::uint64_t{header.data_offset} + descriptor.offset;
        const auto value =
            value_of<std::uint64_t>(part(bytes, at, sizeof(std::uint64_t), "a value"));
        if (const auto [named, fresh] =
                values.emplace(name_of(one.subspan(sizeof descriptor)), value);
            !fresh)
            throw Error{EPROTO, "read statistics that have {} twice", named->first};
    }
    return values;
}

bool names_statistics(std::string_view link) noexcept
{
    constexpr std::string_view of_vm = "anon_inode:kvm-vm-stats";
    constexpr std::string_view of_vcpu = "anon_inode:kvm-vcpu-stats:";
    if (link == of_vm)
        return true;
    if (!link.starts_with(of_vcpu))
        return false;
    const std::string_view number = link.substr(of_vcpu.size());
    return !number.empty() &&
           std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
}

bool looks_like_statistics(int fd) noexcept
{
    if (looks_like_own_counts(fd))
        return true;
    std::array<char, 32> path{};
    std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
    std::array<char, 64> link{};
    const ssize_t got = ::readlink(path.data(), link.data(), link.size());
    // One that fills the room is cut short, and longer than any of ours.
    return got > 0 && static_cast<std::size_t>(got) < link.size() &&
           names_statistics({link.data(), static_cast<std::size_t>(got)});
}

} // namespace aliasvm::stats
