// SPDX-License-Identifier: Apache-2.0
// fork, exec, and files in memory for what goes in and out: none of them can fill up.
#include "run_cli.hpp"

#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace aliasvm::cli
{

namespace
{

UniqueFd memory_file(const std::string& contents)
{
    UniqueFd file{::memfd_create("io", MFD_CLOEXEC)};
    if (!file.ok() || ::pwrite(file.get(), contents.data(), contents.size(), 0) !=
                          static_cast<ssize_t>(contents.size()))
        throw Error{errno, "make a file in memory"};
    return file;
}

std::string contents_of(const UniqueFd& file)
{
    std::string all(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
    if (::pread(file.get(), all.data(), all.size(), 0) != static_cast<ssize_t>(all.size()))
        throw Error{errno, "read a file in memory"};
    return all;
}

std::string from_environment(const char* name)
{
    const char* const value = std::getenv(name);
    if (value == nullptr)
        throw Error{EINVAL, "find ${}: run this by meson test", name};
    return value;
}

} // namespace

std::vector<std::string> command_line(const std::vector<std::string>& arguments)
{
    std::vector<std::string> line{from_environment("ALIASVM_TEST_PROGRAM"), "--catalogue",
                                  from_environment("ALIASVM_TEST_CATALOGUE")};
    line.insert(line.end(), arguments.begin(), arguments.end());
    return line;
}

void exec_line(const std::vector<std::string>& line)
{
    std::vector<char*> raw;
    for (const std::string& word : line)
        raw.push_back(const_cast<char*>(word.c_str()));
    raw.push_back(nullptr);
    ::execv(raw.front(), raw.data());
    ::_exit(127);
}

Outcome run_cli(const std::vector<std::string>& arguments, const std::string& input)
{
    const auto line = command_line(arguments);
    const UniqueFd in = memory_file(input);
    const UniqueFd out = memory_file("");
    const UniqueFd err = memory_file("");
    const pid_t child = ::fork();
    if (child == 0)
    {
        ::dup2(in.get(), STDIN_FILENO);
        ::dup2(out.get(), STDOUT_FILENO);
        ::dup2(err.get(), STDERR_FILENO);
        exec_line(line);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child)
        throw Error{errno, "run aliasvm"};
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents_of(out),
            contents_of(err)};
}

} // namespace aliasvm::cli
