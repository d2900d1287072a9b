// SPDX-License-Identifier: Apache-2.0
// UniqueFd: sole owner of one open file descriptor.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace aliasvm
{

/// Owns a descriptor and closes it; move-only. Keeps errno over the close, so that an error on the
/// way can still be reported. `!fd` does not compile: 0 is a valid descriptor; ask ok().
class UniqueFd
{
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_{fd} {}
    UniqueFd(UniqueFd&& other) noexcept : fd_{other.release()} {}
    UniqueFd& operator=(UniqueFd&& other) noexcept
    {
        reset(other.release());
        return *this;
    }
    ~UniqueFd() { reset(); }

    bool operator!() const = delete;

    [[nodiscard]] bool ok() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    void reset(int fd = -1) noexcept
    {
        if (fd_ >= 0)
        {
            const int saved = errno;
            ::close(fd_);
            errno = saved;
        }
        fd_ = fd;
    }

private:
    int fd_{-1};
};

} // namespace aliasvm
