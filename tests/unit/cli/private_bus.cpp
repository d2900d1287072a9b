// SPDX-License-Identifier: Apache-2.0
// dbus-daemon in the foreground, a child that dies with the test.
#include "private_bus.hpp"

#include "vmm/base/error.hpp"
#include "vmm/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

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

PrivateBus::PrivateBus()
{
    const std::string config = folder_.write(
        "bus.conf",
        fmt::format("<busconfig><type>session</type><listen>unix:path={}/bus</listen>"
                    "<policy context=\"default\"><allow send_destination=\"*\"/><allow own=\"*\"/>"
                    "<allow receive_sender=\"*\"/><allow eavesdrop=\"true\"/>"
                    "</policy></busconfig>",
                    folder_.path().string()));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Error{errno, "make a pipe"};
    const UniqueFd read_end{ends[0]};
    UniqueFd write_end{ends[1]};
    daemon_ = ::fork();
    if (daemon_ == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(write_end.get(), 3);
        // It complains of limits that it may not raise, which is true and of no interest here.
        ::dup2(::open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        ::execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--print-address=3",
                 ("--config-file=" + config).c_str(), nullptr);
        ::_exit(127);
    }
    write_end.reset();
    char line[512]{};
    const ssize_t got = ::read(read_end.get(), line, sizeof line - 1);
    if (daemon_ < 0 || got <= 1)
        throw Error{ENOENT, "run dbus-daemon"};
    address_.assign(line, static_cast<std::size_t>(got - 1)); // without the newline
}

PrivateBus::~PrivateBus()
{
    ::kill(daemon_, SIGTERM);
    ::waitpid(daemon_, nullptr, 0);
}

} // namespace aliasvm::cli
