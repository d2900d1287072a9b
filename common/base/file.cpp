// SPDX-License-Identifier: Apache-2.0
// stat, open, fstat, read until the end; a stream for a line.
#include "common/base/file.hpp"

#include "common/base/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

namespace aliasvm
{

namespace
{

const char* kind_of(mode_t mode)
{
    switch (mode & S_IFMT)
    {
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "a folder";
    }
}

void require_regular(const struct stat& status, const std::string& path)
{
    if (!S_ISREG(status.st_mode))
        throw Error{S_ISDIR(status.st_mode) ? EISDIR : EINVAL,
                    "open {}, which is {} and no regular file", path, kind_of(status.st_mode)};
}

} // namespace

UniqueFd open_regular_file(const std::string& path)
{
    struct stat status
    {
    };
    if (::stat(path.c_str(), &status) != 0)
        throw Error{errno, "open {}", path};
    require_regular(status, path);
    // It may be another file by now: hence O_NONBLOCK, which a regular one does not heed, and the
    // second look.
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!fd.ok() || ::fstat(fd.get(), &status) != 0)
        throw Error{errno, "open {}", path};
    require_regular(status, path);
    return fd;
}

std::vector<std::byte> read_file(const std::string& path)
{
    constexpr off_t largest = 16 << 20;
    const UniqueFd fd = open_regular_file(path);
    struct stat status
    {
    };
    if (::fstat(fd.get(), &status) != 0)
        throw Error{errno, "get the size of {}", path};
    if (status.st_size > largest)
        throw Error{EFBIG, "read {} of {} bytes", path, status.st_size};

    std::vector<std::byte> bytes(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < bytes.size())
    {
        const ssize_t got = ::read(fd.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            throw Error{errno, "read {}", path};
        if (got == 0)
            break; // it became shorter meanwhile: what is there is what it says now
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

std::string first_line(const std::filesystem::path& file)
{
    std::ifstream in{file};
    std::string line;
    std::getline(in, line);
    return line;
}

} // namespace aliasvm
