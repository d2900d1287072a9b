// SPDX-License-Identifier: Apache-2.0
// TemporaryFolder: a place for a test's files, gone with the test.
#pragma once

#include <filesystem>
#include <string>

namespace aliasvm::cli
{

class TemporaryFolder
{
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// With the folders above it. Returns the file's path.
    std::string write(const std::string& file, const std::string& contents) const;

private:
    std::filesystem::path path_;
};

} // namespace aliasvm::cli
