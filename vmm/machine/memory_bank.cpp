// SPDX-License-Identifier: Apache-2.0
// RAM as private memory or as a part of a file, and files laid into it.
#include "vmm/machine/memory_bank.hpp"

#include "common/base/error.hpp"

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

/// Past the end of a file a mapping is a SIGBUS at the first touch.
void require_part(int fd, std::uint64_t offset, std::uint64_t bytes, std::string_view what)
{
    const std::uint64_t size = size_of_file(fd, what);
    if (offset > size || bytes > size - offset)
        throw Error{ENODATA, "load {} bytes at offset {} of {}, which has {}", bytes, offset, what,
                    size};
}

Mapping map(const plan::Bank& bank, const UniqueFd& hugepages)
{
    constexpr std::string_view what = "guest memory";
    if (!bank.offset)
        return Mapping::anonymous(bank.range.size, block_size, what);
    if (!hugepages.ok())
        throw Error{EBADF, "map guest memory {:#x}+{:#x}: nobody handed over the host's hugepages",
                    bank.range.base.value, bank.range.size};
    require_part(hugepages.get(), *bank.offset, bank.range.size, "the host's hugepages");
    return Mapping::shared(hugepages.get(), *bank.offset, bank.range.size, what);
}

void copy(std::span<std::byte> to, int fd, std::uint64_t offset, std::string_view what)
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

} // namespace

MemoryBank::MemoryBank(kvm::Vm& vm, kvm::SlotId slot, const plan::Bank& bank,
                       const UniqueFd& hugepages)
    : vm_{vm}, slot_{slot}, bank_{bank}, mapping_{map(bank, hugepages)}
{
    vm_.set_slot(slot_, bank_.range, mapping_.data());
}

MemoryBank::~MemoryBank()
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

std::span<std::byte> MemoryBank::at(const GuestRange& part) const
{
    return mapping_.bytes().subspan(part.base - bank_.range.base, part.size);
}

void MemoryBank::load(GuestAddr address, int fd, std::uint64_t offset, std::uint64_t bytes,
                      std::string_view what)
{
    require_part(fd, offset, bytes, what);
    const std::uint64_t start = address - bank_.range.base;
    std::uint64_t mapped = 0;
    // A file laid over hugepages would be other memory than the devices reach.
    if (!bank_.offset && bytes >= worth_mapping && page_aligned(start) && page_aligned(offset))
    {
        // Whole pages only: the rest of the file's last page would show beyond the segment.
        mapped = bytes / page_size * page_size;
        mapping_.overlay(start, fd, offset, mapped, what);
    }
    copy(at({address, bytes}).subspan(mapped), fd, offset + mapped, what);
}

} // namespace aliasvm::machine
