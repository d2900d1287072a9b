// SPDX-License-Identifier: Apache-2.0
// TemporaryFile: a file with given contents for as long as a test needs it.
#pragma once

#include "common/base/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace aliasvm::tests
{

class TemporaryFile
{
public:
    explicit TemporaryFile(std::string_view contents)
    {
        path_ = (std::filesystem::temp_directory_path() / "aliasvm-XXXXXX").string();
        fd_.reset(::mkstemp(path_.data()));
        if (::write(fd_.get(), contents.data(), contents.size()) !=
            static_cast<ssize_t>(contents.size()))
            throw std::runtime_error{"write " + path_};
    }
    ~TemporaryFile() { ::unlink(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    std::string path_;
    UniqueFd fd_;
};

} // namespace aliasvm::tests
