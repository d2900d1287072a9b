// SPDX-License-Identifier: Apache-2.0
// TextFile: a file with the input in it, for what reads files.
#pragma once

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace aliasvm::fuzz
{

/// In memory only.
class TextFile
{
public:
    explicit TextFile(std::string_view text) : fd_{::memfd_create("input", MFD_CLOEXEC)}
    {
        if (::write(fd_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            throw Error{errno, "write the input to a file"};
    }

    [[nodiscard]] int descriptor() const { return fd_.get(); }
    [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

private:
    UniqueFd fd_;
};

} // namespace aliasvm::fuzz
