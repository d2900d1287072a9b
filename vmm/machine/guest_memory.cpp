// SPDX-License-Identifier: Apache-2.0
// Guest RAM as private memory, and files laid into it.
#include "vmm/machine/guest_memory.hpp"

#include "vmm/base/error.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace aliasvm::machine
{

namespace
{

/// Stage 2 maps a 2 MiB block only where guest-physical and host-virtual address agree modulo 2
/// MiB.
constexpr std::uint64_t block_size = 2U << 20;

/// Below this a copy is cheaper than a mapping and the page faults that come with it.
constexpr std::uint64_t worth_mapping = 256U << 10;

std::uint64_t size_of_file(int fd, std::string_view what)
{
    struct stat status
    {
    };
    if (::fstat(fd, &status) != 0)
        throw Error{errno, "get the size of {}", what};
    return static_cast<std::uint64_t>(status.st_size);
}

} // namespace

GuestMemory::GuestMemory(kvm::Vm& vm, kvm::SlotId slot, const GuestRange& range)
    : vm_{vm}, slot_{slot}, range_{range}, mapping_{Mapping::anonymous(range.size, block_size,
                                                                       "guest memory")}
{
    vm_.set_slot(slot_, range_, mapping_.data());
}

GuestMemory::~GuestMemory()
{
    try
    {
        vm_.remove_slot(slot_);
    }
    catch (const Error&)
    {
        // The mapping goes all the same: KVM follows it through its MMU notifier, and the guest,
        // which no longer runs, cannot touch what comes to this address next.
    }
}

std::span<std::byte> GuestMemory::at(const GuestRange& range) const
{
    if (range.size == 0)
        return {};
    if (!range_.contains(range.base, range.size))
        throw Error{EFAULT, "reach guest memory {:#x}+{:#x}", range.base.value, range.size};
    return mapping_.bytes().subspan(range.base - range_.base, range.size);
}

void GuestMemory::load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
                       std::string_view what)
{
    const std::span<std::byte> memory = at({address, bytes});
    // A private mapping past the end of a file would be a SIGBUS at the guest's first touch.
    const std::uint64_t file_size = size_of_file(fd, what);
    if (offset > file_size || bytes > file_size - offset)
        throw Error{ENODATA,  "load {} bytes at offset {} of {}, which has {}", bytes, offset, what,
                    file_size};

    std::uint64_t mapped = 0;
    if (bytes >= worth_mapping && page_aligned(address - range_.base) && page_aligned(offset))
    {
        // Whole pages only: the rest of the file's last page would show beyond the segment.
        mapped = bytes / page_size * page_size;
        mapping_.overlay(address - range_.base, fd, offset, mapped, what);
    }
    copy(memory.subspan(mapped), fd, offset + mapped, what);
}

void GuestMemory::copy(std::span<std::byte> to, int fd, std::uint64_t offset,
                       std::string_view what) const
{
    while (!to.empty())
    {
        const ssize_t got = ::pread(fd, to.data(), to.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Error{errno, "read {}", what};
        if (got == 0)
            throw Error{ENODATA, "read {} at offset {}", what, offset};
        to = to.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

} // namespace aliasvm::machine
