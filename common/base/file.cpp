// SPDX-License-Identifier: Apache-2.0
// open, fstat, read until the end; a stream for a line.
#include "common/base/file.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>

namespace aliasvm
{

std::vector<std::byte> read_file(const std::string& path)
{
    constexpr off_t largest = 16 << 20;
    const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    struct stat status
    {
    };
    if (!fd.ok() || ::fstat(fd.get(), &status) != 0)
        throw Error{errno, "open {}", path};
    if (!S_ISREG(status.st_mode))
        throw Error{EINVAL, "read {}, which is no regular file", path};
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
