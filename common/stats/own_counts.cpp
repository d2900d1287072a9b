// SPDX-License-Identifier: Apache-2.0
// A sealed memfd of one page.
#include "common/stats/own_counts.hpp"

#include "common/base/error.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace aliasvm::stats
{

namespace
{

constexpr std::size_t file_size = 4096;
constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/// Another process reads it with pread().
using Count = std::atomic<std::uint64_t>;
static_assert(Count::is_always_lock_free && sizeof(Count) == sizeof(std::uint64_t));

UniqueFd make_file()
{
    UniqueFd file{::memfd_create("aliasvm-counts", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (!file.ok() || ::ftruncate(file.get(), file_size) < 0 ||
        ::fcntl(file.get(), F_ADD_SEALS, seals) < 0)
        throw Error{errno, "make a file for the machine's own counts"};
    return file;
}

} // namespace

OwnCounts::OwnCounts()
    : file_{make_file()}, memory_{Mapping::shared(file_.get(), 0, file_size,
                                                  "the machine's own counts")},
      refused_{new (memory_.data()) Count{}}
{
}

bool looks_like_own_counts(int fd) noexcept
{
    struct stat about
    {
    };
    // Only files in memory have seals.
    const int found = ::fcntl(fd, F_GET_SEALS);
    return found >= 0 && (found & seals) == seals && ::fstat(fd, &about) == 0 &&
           S_ISREG(about.st_mode) && about.st_size == file_size;
}

std::map<std::string, std::uint64_t> read_own_counts(int fd)
{
    std::uint64_t refused = 0;
    if (::pread(fd, &refused, sizeof refused, 0) != sizeof refused)
        throw Error{EPROTO, "read a machine's own counts"};
    return {{"refused_accesses", refused}};
}

} // namespace aliasvm::stats
