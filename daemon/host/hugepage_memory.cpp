// SPDX-License-Identifier: Apache-2.0
// Takes pages, finds out where they are, and asks for them in ascending order.
#include "daemon/host/hugepage_memory.hpp"

#include "common/base/error.hpp"
#include "common/base/mapping.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::daemon
{

namespace fs = std::filesystem;

namespace
{

/// The kernel gives the page that came back last first. Giving back from the highest to the lowest
/// and asking again then gives ascending addresses, so fewer banks. Nothing rests on it: where the
/// pages really are is looked up again.
void sort_pages(int file, const std::vector<HostAddr>& pages, std::uint64_t page)
{
    std::vector<std::size_t> order(pages.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, std::greater{}, [&](std::size_t n) { return pages[n]; });
    for (const std::size_t n : order)
        ::fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(n * page),
                    static_cast<off_t>(page));
}

void allocate(int file, const VmName& name, std::uint64_t bytes, std::uint64_t page)
{
    if (::fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0)
        return;
    const int error = errno;
    if (error == ENOSPC || error == ENOMEM)
        throw Error{ENOMEM,
                    "get {} hugepages of {} KiB for {}: fewer are free (HugePages_Free in "
                    "/proc/meminfo); give the host more, sysctl vm.nr_hugepages=N, best at boot",
                    bytes / page, page / 1024, name.str()};
    throw Error{error, "allocate {} bytes of hugepages for {}", bytes, name.str()};
}

/// Pieces in the order of the file; neighbours are one.
std::vector<HostRange> merge(const std::vector<HostAddr>& pages, std::uint64_t page)
{
    std::vector<HostRange> pieces;
    for (const HostAddr address : pages)
    {
        if (!pieces.empty() && pieces.back().base + pieces.back().size == address)
            pieces.back().size += page;
        else
            pieces.push_back({address, page});
    }
    return pieces;
}

/// Takes the name away again unless all went well.
class NewFile
{
public:
    explicit NewFile(fs::path path)
        : path_{std::move(path)}, fd_{::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
                                             0600)}
    {
        if (!fd_.ok())
            throw Error{errno, "make {}", path_.string()};
    }
    ~NewFile()
    {
        if (fd_.ok())
            ::unlink(path_.c_str());
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    [[nodiscard]] int get() const { return fd_.get(); }
    [[nodiscard]] UniqueFd keep() { return std::move(fd_); }

private:
    fs::path path_;
    UniqueFd fd_;
};

} // namespace

HugepageMemory::HugepageMemory(fs::path folder, Locate locate)
    : folder_{std::move(folder)}, locate_{std::move(locate)}
{
}

std::uint64_t HugepageMemory::page_size_of(int file) const
{
    struct statfs facts
    {
    };
    if (::fstatfs(file, &facts) != 0)
        throw Error{errno, "look at the file system of {}", folder_.string()};
    if (facts.f_type != HUGETLBFS_MAGIC)
        throw Error{ENODEV,
                    "get hugepages from {}: no hugetlbfs is mounted there; "
                    "systemctl start dev-hugepages.mount (the kernel needs CONFIG_HUGETLBFS)",
                    folder_.string()};
    return static_cast<std::uint64_t>(facts.f_bsize);
}

std::vector<HostAddr> HugepageMemory::pages_of(int file, std::uint64_t bytes,
                                               std::uint64_t page) const
{
    const Mapping mapping = Mapping::shared(file, 0, bytes, "hugepages");
    std::vector<HostAddr> pages;
    for (std::uint64_t at = 0; at < bytes; at += page)
    {
        const std::byte* const byte = mapping.data() + at;
        // The page is there already; this puts it into the page table, where its address is told.
        static_cast<void>(*static_cast<const volatile std::byte*>(byte));
        pages.push_back(locate_(byte));
    }
    return pages;
}

FixedMemory::Grant HugepageMemory::provide(const VmName& name, std::uint64_t bytes)
{
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed)
        throw Error{failed.value(), "make {}", folder_.string()};
    NewFile file{folder_ / name.str()};
    const std::uint64_t page = page_size_of(file.get());
    if (bytes == 0 || bytes % page != 0)
        throw Error{EINVAL, "get {} bytes of hugepages for {}: no multiple of {} KiB", bytes,
                    name.str(), page / 1024};
    allocate(file.get(), name, bytes, page);
    std::vector<HostAddr> pages = pages_of(file.get(), bytes, page);
    if (!std::ranges::is_sorted(pages))
    {
        sort_pages(file.get(), pages, page);
        allocate(file.get(), name, bytes, page);
        pages = pages_of(file.get(), bytes, page);
    }
    return {merge(pages, page), file.keep()};
}

std::vector<HostRange> HugepageMemory::pieces(const VmName& name) const
{
    const fs::path path = folder_ / name.str();
    const UniqueFd file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!file.ok())
    {
        if (errno == ENOENT)
            return {};
        throw Error{errno, "open {}", path.string()};
    }
    const std::uint64_t page = page_size_of(file.get());
    return merge(pages_of(file.get(), fs::file_size(path), page), page);
}

std::vector<std::string> HugepageMemory::kept() const
{
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator{folder_, none})
        names.push_back(entry.path().filename().string());
    return names;
}

void HugepageMemory::free(const std::string& name)
{
    if (::unlink((folder_ / name).c_str()) != 0 && errno != ENOENT)
        throw Error{errno, "free the RAM {}", (folder_ / name).string()};
}

} // namespace aliasvm::daemon
