// SPDX-License-Identifier: Apache-2.0
// dump-dtb: the device tree that a guest was given, or would be.
#include "cli/failure.hpp"
#include "cli/machine_call.hpp"
#include "cli/session.hpp"
#include "cli/tree_to_be.hpp"
#include "common/base/error.hpp"
#include "common/base/unique_fd.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct DumpOptions
{
    std::string machine;
    std::string file = "-";
};

void write_all(int fd, const std::vector<std::byte>& bytes, const std::string& what)
{
    std::size_t done = 0;
    while (done < bytes.size())
    {
        const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            throw Error{errno, "write {}", what};
        done += static_cast<std::size_t>(wrote);
    }
}

std::variant<std::vector<std::byte>, Problems> tree_of(Session& session, const std::string& machine)
{
    try
    {
        return call_machine(session, machine, "DumpDeviceTree").read_bytes();
    }
    catch (const bus::NamedError& error)
    {
        if (error.name() != bus::error_name::wrong_state)
            throw;
    }
    return tree_to_be(session, machine);
}

ExitCode dump(Session& session, const DumpOptions& options)
{
    const bool to_stdout = options.file == "-";
    if (to_stdout && ::isatty(STDOUT_FILENO) == 1)
        throw BadUsage{"a device tree is nothing for a terminal; write it to a file with -o FILE, "
                       "or read it with \"aliasvm dump-dtb NAME | dtc -I dtb -O dts\""};
    const auto tree = tree_of(session, options.machine);
    if (const auto* const problems = std::get_if<Problems>(&tree))
    {
        for (const Problem& problem : *problems)
            fmt::print(stderr, "{}\n", to_string(problem));
        return ExitCode::configuration;
    }
    const auto& blob = std::get<std::vector<std::byte>>(tree);
    if (to_stdout)
    {
        write_all(STDOUT_FILENO, blob, "to stdout");
        return ExitCode::success;
    }
    UniqueFd file{::open(options.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
    if (!file.ok())
        throw Error{errno, "create {}", options.file};
    write_all(file.get(), blob, options.file);
    if (::close(file.release()) != 0)
        throw Error{errno, "write {}", options.file};
    return ExitCode::success;
}

} // namespace

void add_dump_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<DumpOptions>();
    auto* const command = app.add_subcommand(
        "dump-dtb", "write the device tree that the guest was given, or would be");
    command->add_option("NAME", options->machine, "of the VM")->required();
    command->add_option("-o,--output", options->file, "file to write; - is stdout");
    command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return dump(session, *options); }; });
}

} // namespace aliasvm::cli
