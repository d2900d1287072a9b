// SPDX-License-Identifier: Apache-2.0
// One 64-bit entry a page: bit 63 says that a page is there, bits 0 to 54 which.
#include "daemon/host/pagemap.hpp"

#include "common/base/error.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace aliasvm::daemon
{

namespace
{

constexpr std::uint64_t present = 1ULL << 63;
constexpr std::uint64_t frame_mask = (1ULL << 55) - 1;

} // namespace

Pagemap::Pagemap(const std::string& file) : fd_{::open(file.c_str(), O_RDONLY | O_CLOEXEC)}
{
    if (!fd_.ok())
        throw Error{errno, "open {}", file};
}

HostAddr Pagemap::address_of(const std::byte* memory) const
{
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    const auto host_page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::uint64_t entry = 0;
    const auto offset = static_cast<off_t>(address / host_page * sizeof entry);
    if (::pread(fd_.get(), &entry, sizeof entry, offset) != sizeof entry)
        throw Error{errno != 0 ? errno : EIO, "read the pagemap"};
    if ((entry & present) == 0)
        throw Error{EFAULT, "find the physical address of memory: no page is there"};
    // Frame 0 is never a process's: it stands for one that is not told.
    if ((entry & frame_mask) == 0)
        throw Error{EPERM, "find the physical address of memory: aliasvmd lacks CAP_SYS_ADMIN; "
                           "install the drop-in identity-dma.conf for aliasvmd.service"};
    return {(entry & frame_mask) * host_page + address % host_page};
}

void give_up_capability(unsigned capability)
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0)
        throw Error{errno, "read this process's capabilities"};
    __user_cap_data_struct& set = sets.at(CAP_TO_INDEX(capability));
    set.effective &= ~CAP_TO_MASK(capability);
    set.permitted &= ~CAP_TO_MASK(capability);
    set.inheritable &= ~CAP_TO_MASK(capability);
    if (::syscall(SYS_capset, &header, sets.data()) != 0)
        throw Error{errno, "give up capability {}", capability};
}

} // namespace aliasvm::daemon
