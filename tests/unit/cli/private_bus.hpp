// SPDX-License-Identifier: Apache-2.0
// PrivateBus: a D-Bus daemon that belongs to one test, and a folder for its things.
#pragma once

#include <sys/types.h>

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

class PrivateBus
{
public:
    /// Throws Error if there is no dbus-daemon.
    PrivateBus();
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    [[nodiscard]] const std::string& address() const { return address_; }

private:
    TemporaryFolder folder_;
    std::string address_;
    pid_t daemon_{};
};

} // namespace aliasvm::cli
