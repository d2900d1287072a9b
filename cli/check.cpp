// SPDX-License-Identifier: Apache-2.0
// check: every problem of a configuration, from aliasvmd or from the file itself.
#include "cli/failure.hpp"
#include "cli/json.hpp"
#include "cli/reading.hpp"
#include "cli/session.hpp"
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/base/problem.hpp"
#include "common/bus/names.hpp"
#include "common/facts/assumed_cpu.hpp"
#include "common/facts/gather.hpp"
#include "common/plan/make_plan.hpp"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct CheckOptions
{
    std::string what;
    bool json{};
};

/// What is wrong, and what is not but should be known.
struct Verdict
{
    Problems problems;
    Problems warnings;
};

Verdict check_file(const std::string& file, const std::string& catalogue_file)
{
    const auto name = VmName::from(std::filesystem::path{file}.stem().string());
    if (!name)
    {
        // Not as an aggregate: GCC 12 at -O3 takes that for uninitialized.
        Problem problem;
        problem.at.file = file;
        problem.what = "the name of the file is no name of a VM";
        problem.mend = fmt::format("name it NAME.toml, NAME being 1 to {} of a-z, 0-9, - and _, "
                                   "beginning with a letter",
                                   VmName::longest);
        return {Problems(1, problem), {}};
    }
    const auto bytes = read_file(file);
    const auto config = plan::parse_config(
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, *name);
    const plan::Catalogue catalogue{read_file(catalogue_file), catalogue_file};
    auto made =
        plan::make_plan(config, catalogue,
                        facts::gather(config, catalogue, facts::assumed_cpu(), facts::Eyes::vms));
    if (auto* const problems = std::get_if<Problems>(&made))
        return {std::move(*problems), {}};
    return {{}, std::move(std::get<plan::VmPlan>(made).warnings)};
}

Problems ask_daemon(Session& session, const char* method, const std::string& name)
{
    bus::Message reply =
        session.client().call(bus::root_path, bus::manager_interface, method, Patience::usual,
                              [&name](bus::Message& call) { call.append("s", name.c_str()); });
    Problems problems;
    enter(reply, 'a', "(suuss)");
    const char* file = nullptr;
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    const char* what = nullptr;
    const char* mend = nullptr;
    while (reply.read_next("(suuss)", &file, &line, &column, &what, &mend))
        problems.push_back({{file, line, column}, what, mend});
    reply.exit();
    return problems;
}

/// A path or the name of a VM. A VM's file can be checked without a daemon, too.
Verdict check(Session& session, const std::string& what)
{
    if (what.find('/') != std::string::npos || what.ends_with(".toml"))
        return check_file(what, session.catalogue);
    if (!VmName::from(what))
        throw BadUsage{fmt::format("\"{}\" is neither the name of a VM nor that of a file; write "
                                   "./{} for a file",
                                   what, what)};
    try
    {
        Verdict verdict{ask_daemon(session, "Check", what), {}};
        if (verdict.problems.empty())
            verdict.warnings = ask_daemon(session, "Warnings", what);
        return verdict;
    }
    catch (const Unreachable&)
    {
        const std::string file = fmt::format("{}/{}.toml", session.configurations, what);
        if (!std::filesystem::exists(file))
            throw NotFound{
                fmt::format("there is no VM \"{}\": there is no {}; write it", what, file)};
        Verdict verdict = check_file(file, session.catalogue);
        if (auto hidden = facts::hidden_configuration(file))
            verdict.problems.insert(verdict.problems.begin(), std::move(*hidden));
        return verdict;
    }
}

void describe(Json& json, const Problem& problem)
{
    json.object().key("file").text(problem.at.file).key("line").number(problem.at.line);
    json.key("column").number(problem.at.column).key("what").text(problem.what);
    json.key("mend").text(problem.mend).end();
}

void describe(Json& json, const char* key, const Problems& all)
{
    json.key(key).array();
    for (const Problem& one : all)
        describe(json, one);
    json.end();
}

ExitCode check_and_print(Session& session, const CheckOptions& options)
{
    const auto [problems, warnings] = check(session, options.what);
    if (options.json)
    {
        Json json;
        json.object().key("checked").text(options.what);
        describe(json, "problems", problems);
        describe(json, "warnings", warnings);
        fmt::print("{}", json.end().line());
    }
    else
    {
        for (const Problem& problem : problems)
            fmt::print("{}\n", to_string(problem));
        for (Problem warning : warnings)
        {
            warning.what.insert(0, "warning: ");
            fmt::print("{}\n", to_string(warning));
        }
        if (problems.empty())
            fmt::print("{}: no problems\n", options.what);
    }
    return problems.empty() ? ExitCode::success : ExitCode::configuration;
}

} // namespace

void add_check_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<CheckOptions>();
    auto* const command =
        app.add_subcommand("check", "print every problem of a VM's configuration; start nothing");
    command->add_option("NAME|FILE", options->what, "a VM, or a file NAME.toml")->required();
    command->add_flag("--json", options->json, "print JSON");
    command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return check_and_print(session, *options); }; });
}

} // namespace aliasvm::cli
