// SPDX-License-Identifier: Apache-2.0
// OpenFolder: a folder for one test that a VM could see: in no place that its unit hides, and open
// to everybody.
#pragma once

#include "common/base/error.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace aliasvm::tests
{

class OpenFolder
{
public:
    OpenFolder()
    {
        std::string pattern = "/dev/shm/aliasvm-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr)
            throw Error{errno, "make a folder in /dev/shm"};
        path_ = pattern;
        set_mode(path_, 0755);
    }
    ~OpenFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    OpenFolder(const OpenFolder&) = delete;
    OpenFolder& operator=(const OpenFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const
    {
        return (path_ / name).string();
    }

    static void set_mode(const std::filesystem::path& file, mode_t mode)
    {
        if (::chmod(file.c_str(), mode) != 0)
            throw Error{errno, "set the mode of {}", file.string()};
    }

    /// With the folders above it, whatever the umask is. Returns the file's path.
    std::string write(const std::string& file, const std::string& contents,
                      mode_t mode = 0644) const
    {
        const auto path = path_ / file;
        for (auto folder = path.parent_path(); folder != path_; folder = folder.parent_path())
        {
            std::filesystem::create_directories(folder);
            set_mode(folder, 0755);
        }
        std::ofstream{path, std::ios::binary} << contents;
        set_mode(path, mode);
        return path.string();
    }

private:
    std::filesystem::path path_;
};

} // namespace aliasvm::tests
