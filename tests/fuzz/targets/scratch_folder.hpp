// SPDX-License-Identifier: Apache-2.0
// ScratchFolder: a folder of this process, gone with it.
#pragma once

#include "common/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace aliasvm::fuzz
{

/// In memory where there is a place for it: it is written thousands of times a second.
class ScratchFolder
{
public:
    ScratchFolder()
    {
        namespace fs = std::filesystem;
        const fs::path memory = "/dev/shm";
        std::string name =
            (fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "aliasvm-fuzz-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
            throw Error{errno, "make a folder"};
        path_ = name;
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder()
    {
        std::error_code none;
        std::filesystem::remove_all(path_, none);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

} // namespace aliasvm::fuzz
