// SPDX-License-Identifier: Apache-2.0
// mmap and munmap with the act in the error.
#include "common/base/mapping.hpp"

#include "common/base/address.hpp"
#include "common/base/error.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <utility>

namespace aliasvm
{

namespace
{

std::byte* map(void* where, std::uint64_t bytes, int protection, int flags, int fd,
               std::uint64_t offset, std::string_view what)
{
    void* const data = ::mmap(where, bytes, protection, flags, fd, static_cast<off_t>(offset));
    if (data == MAP_FAILED)
        throw Error{errno, "map {} bytes of {}", bytes, what};
    return static_cast<std::byte*>(data);
}

} // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)}
{
}

Mapping& Mapping::operator=(Mapping&& other) noexcept
{
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

Mapping::~Mapping()
{
    if (data_ != nullptr)
        ::munmap(data_, size_);
}

Mapping Mapping::anonymous(std::uint64_t bytes, std::uint64_t alignment, std::string_view what)
{
    // mmap aligns to a page only: take more and give the ends back.
    const std::uint64_t taken = bytes + alignment;
    std::byte* const start = map(nullptr, taken, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, what);
    const auto address = reinterpret_cast<std::uintptr_t>(start);
    const std::uint64_t before = align_up(address, alignment) - address;
    if (before != 0)
        ::munmap(start, before);
    ::munmap(start + before + bytes, taken - before - bytes);
    // Where the host's setting is "madvise", nobody gets a block otherwise. A kernel without huge
    // pages says EINVAL, and has none.
    if (alignment > page_size)
        static_cast<void>(::madvise(start + before, bytes, MADV_HUGEPAGE));
    return {start + before, bytes};
}

Mapping Mapping::shared(int fd, std::uint64_t offset, std::uint64_t bytes, std::string_view what)
{
    return {map(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset, what), bytes};
}

Mapping Mapping::of_file(int fd, std::uint64_t bytes, std::string_view what)
{
    return {map(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0, what), bytes};
}

void Mapping::overlay(std::uint64_t at, int fd, std::uint64_t offset, std::uint64_t bytes,
                      std::string_view what)
{
    const std::uint64_t pages = align_up(bytes, page_size);
    if (!page_aligned(at) || !page_aligned(offset) || at > size_ || pages > size_ - at)
        throw Error{EINVAL, "lay {} bytes of {} over offset {:#x}", bytes, what, at};
    map(data_ + at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd,
        offset, what);
}

} // namespace aliasvm
