// SPDX-License-Identifier: Apache-2.0
// Made by mkdtemp, so that no two are the same.
#include "temporary_folder.hpp"

#include "common/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace aliasvm::cli
{

TemporaryFolder::TemporaryFolder()
{
    std::string pattern = (std::filesystem::temp_directory_path() / "cli-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
        throw Error{errno, "make a temporary folder"};
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& file, const std::string& contents) const
{
    const auto path = path_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << contents;
    return path.string();
}

} // namespace aliasvm::cli
