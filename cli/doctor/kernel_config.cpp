// SPDX-License-Identifier: Apache-2.0
// gzip is a program here, not a library: every system that has a packed configuration has it, and
// one look a year is no reason to link zlib.
#include "cli/doctor/kernel_config.hpp"

#include "common/base/unique_fd.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include <fmt/format.h>

extern char** environ;

namespace aliasvm::cli
{

namespace
{

std::string read_all(int fd)
{
    std::string all;
    std::array<char, 16384> bytes;
    for (;;)
    {
        const ssize_t got = ::read(fd, bytes.data(), bytes.size());
        if (got > 0)
            all.append(bytes.data(), static_cast<std::size_t>(got));
        else if (got == 0 || errno != EINTR)
            return all;
    }
}

/// Nothing if there is no gzip or it cannot read the file.
std::optional<std::string> unpack(const std::string& file)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return std::nullopt;
    const UniqueFd out{ends[0]};
    UniqueFd in{ends[1]};
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, file.c_str(), O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string program = "gzip";
    std::string flags = "-dc";
    char* const arguments[]{program.data(), flags.data(), nullptr};
    pid_t child = 0;
    const int spawned =
        ::posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments, environ);
    ::posix_spawn_file_actions_destroy(&actions);
    in.reset();
    if (spawned != 0)
        return std::nullopt;
    std::string text = read_all(out.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
    {
    }
    return status == 0 ? std::optional{std::move(text)} : std::nullopt;
}

KernelConfig parse(std::string file, const std::string& text)
{
    KernelConfig config{.file = std::move(file)};
    constexpr std::string_view prefix = "CONFIG_";
    std::istringstream whole{text};
    for (std::string line; std::getline(whole, line);)
    {
        const std::size_t equals = line.find('=');
        if (line.starts_with(prefix) && equals != std::string::npos)
            config.values[line.substr(prefix.size(), equals - prefix.size())] =
                line.substr(equals + 1);
    }
    return config;
}

} // namespace

std::string KernelConfig::value(const std::string& option) const
{
    const auto found = values.find(option);
    return found == values.end() ? "n" : found->second;
}

bool KernelConfig::has(const std::string& option) const
{
    const std::string set = value(option);
    return set == "y" || set == "m";
}

std::optional<KernelConfig> read_kernel_config(const HostView& host)
{
    constexpr const char* packed = "proc/config.gz";
    if (host.exists(packed))
    {
        if (const auto text = unpack(host.at(packed).string()))
            return parse("/proc/config.gz", *text);
    }
    for (const std::string& file : {fmt::format("boot/config-{}", host.release),
                                    fmt::format("lib/modules/{}/config", host.release)})
    {
        if (const auto text = host.text(file))
            return parse('/' + file, *text);
    }
    return std::nullopt;
}

} // namespace aliasvm::cli
