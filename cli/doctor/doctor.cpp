// SPDX-License-Identifier: Apache-2.0
// doctor: this host, seen once; every check; one line each.
#include "cli/doctor/doctor.hpp"

#include "cli/columns.hpp"
#include "cli/json.hpp"
#include "cli/session.hpp"
#include "common/base/file.hpp"
#include "common/bus/error.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

constexpr const char* systemd_name = "org.freedesktop.systemd1";
constexpr const char* systemd_path = "/org/freedesktop/systemd1";

const char* verdict_text(Verdict verdict)
{
    switch (verdict)
    {
    case Verdict::ok:
        return "ok";
    case Verdict::warn:
        return "warn";
    case Verdict::fail:
        return "FAIL";
    case Verdict::unknown:
        break;
    }
    return "unknown";
}

Colour verdict_colour(Verdict verdict)
{
    switch (verdict)
    {
    case Verdict::ok:
        return Colour::green;
    case Verdict::warn:
        return Colour::yellow;
    case Verdict::fail:
        return Colour::red;
    case Verdict::unknown:
        break;
    }
    return Colour::grey;
}

/// What a unit is like now; "not installed" is an answer too.
std::string unit_state(Client& client, const std::string& path)
{
    if (client.property(systemd_name, path, "org.freedesktop.systemd1.Unit", "LoadState") ==
        "not-found")
        return "not installed";
    return client.property(systemd_name, path, "org.freedesktop.systemd1.Unit", "ActiveState");
}

/// A host without bus or systemd is a finding, not a failure of doctor.
void ask_systemd(Session& session, HostView& host)
{
    try
    {
        Client& client = session.client();
        host.systemd = client.property(systemd_name, systemd_path,
                                       "org.freedesktop.systemd1.Manager", "Version");
        host.socket = unit_state(client, "/org/freedesktop/systemd1/unit/aliasvmd_2esocket");
    }
    catch (const Unreachable&)
    {
    }
    catch (const bus::NamedError&)
    {
    }
}

HostView this_host(Session& session)
{
    HostView host;
    utsname names{};
    ::uname(&names);
    host.architecture = names.machine;
    host.release = names.release;
    host.page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    ask_systemd(session, host);
    return host;
}

std::unique_ptr<plan::Catalogue> read_catalogue(const std::string& file)
{
    try
    {
        return std::make_unique<plan::Catalogue>(read_file(file), file);
    }
    catch (const std::exception&)
    {
        return nullptr; // the checks that need it say so
    }
}

struct DoctorOptions
{
    bool json{};
    std::string root;
};

ExitCode doctor(Session& session, const DoctorOptions& options)
{
    HostView host = this_host(session);
    if (!options.root.empty())
        host.root = options.root;
    const auto catalogue = read_catalogue(session.catalogue);
    host.catalogue = catalogue.get();
    const auto all = examine(host);
    fmt::print("{}", options.json ? diagnoses_json(all) : diagnoses_text(all, colours_welcome()));
    return failed(all) ? ExitCode::failure : ExitCode::success;
}

} // namespace

std::vector<Diagnosis> examine(const HostView& host)
{
    std::vector<Diagnosis> all;
    for (const Check& check : all_checks())
        all.push_back({check.name, check.look(host)});
    return all;
}

bool failed(const std::vector<Diagnosis>& all)
{
    return std::ranges::any_of(all, [](const Diagnosis& one)
                               { return one.finding.verdict == Verdict::fail; });
}

std::string diagnoses_text(const std::vector<Diagnosis>& all, bool colours)
{
    Columns table{colours};
    for (const auto& [check, finding] : all)
        table.row(
            {{verdict_text(finding.verdict), verdict_colour(finding.verdict)},
             check,
             fmt::format("{}{}{}", finding.what, finding.mend.empty() ? "" : "; ", finding.mend)});
    return table.text();
}

std::string diagnoses_json(const std::vector<Diagnosis>& all)
{
    Json json;
    json.object().key("checks").array();
    for (const auto& [check, finding] : all)
    {
        json.object().key("check").text(check).key("verdict").text(verdict_text(finding.verdict));
        json.key("what").text(finding.what).key("mend").text(finding.mend).end();
    }
    return json.end().key("failed").boolean(failed(all)).end().line();
}

void add_doctor_command(CLI::App& app, Session& session)
{
    const auto options = std::make_shared<DoctorOptions>();
    auto* const command =
        app.add_subcommand("doctor", "look whether this host can run VMs, and say what to mend");
    command->add_flag("--json", options->json, "print JSON");
    command->add_option("--root", options->root)->group(""); // for tests
    command->callback(
        [&session, options]
        { session.chosen = [&session, options] { return doctor(session, *options); }; });
}

} // namespace aliasvm::cli
