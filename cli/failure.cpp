// SPDX-License-Identifier: Apache-2.0
// Which error is which exit code, and what can be done about it.
#include "cli/failure.hpp"

#include "cli/client.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <cstdio>
#include <exception>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

struct Meaning
{
    std::string_view error_name;
    ExitCode code;
    const char* mend;
};

constexpr const char* see_list = "\"aliasvm list\" shows those that there are";
constexpr const char* said_already = ""; ///< by aliasvmd, in the message
constexpr const char* be_root = "run it as root, or let polkit allow it to you";

constexpr Meaning meanings[]{
    {bus::error_name::no_such_machine, ExitCode::not_found, see_list},
    {bus::error_name::no_such_device, ExitCode::not_found, said_already},
    {bus::error_name::no_such_alias, ExitCode::not_found, said_already},
    {bus::error_name::access_denied, ExitCode::denied, be_root},
    {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ExitCode::denied, be_root},
    {bus::error_name::bad_configuration, ExitCode::configuration,
     "\"aliasvm check NAME\" shows every problem"},
    {bus::error_name::no_reply, ExitCode::failure, "see \"journalctl -u aliasvmd\""},
    {SD_BUS_ERROR_TIMEOUT, ExitCode::failure, "see \"journalctl -u aliasvmd\""},
    {SD_BUS_ERROR_UNKNOWN_METHOD, ExitCode::failure,
     "aliasvm and aliasvmd are of different versions: install both of one"},
};

ExitCode report(const bus::NamedError& error)
{
    const std::string what = *error.what() != '\0' ? error.what() : error.name();
    for (const Meaning& meaning : meanings)
    {
        if (meaning.error_name == error.name())
        {
            complain(fmt::format("{}{}{}", what, *meaning.mend == '\0' ? "" : "; ", meaning.mend));
            return meaning.code;
        }
    }
    complain(what);
    return ExitCode::failure;
}

ExitCode report(const std::exception& error, ExitCode code)
{
    complain(error.what());
    return code;
}

} // namespace

void complain(const std::string& what)
{
    fmt::print(stderr, "aliasvm: {}\n", what);
}

ExitCode report_current_exception() noexcept
{
    try
    {
        throw;
    }
    catch (const bus::NamedError& error)
    {
        return report(error);
    }
    catch (const BadUsage& error)
    {
        return report(error, ExitCode::usage);
    }
    catch (const NotFound& error)
    {
        return report(error, ExitCode::not_found);
    }
    catch (const bus::BadMessage& error)
    {
        complain(fmt::format("aliasvmd answers in another form than expected: {}; aliasvm and "
                             "aliasvmd are of different versions: install both of one",
                             error.what()));
    }
    catch (const std::exception& error)
    {
        return report(error, ExitCode::failure);
    }
    return ExitCode::failure;
}

ExitCode for_each_name(const std::vector<std::string>& names,
                       const std::function<void(const std::string&)>& act)
{
    ExitCode first = ExitCode::success;
    for (const std::string& name : names)
    {
        try
        {
            act(name);
        }
        catch (...)
        {
            const ExitCode code = report_current_exception();
            if (first == ExitCode::success)
                first = code;
        }
    }
    return first;
}

} // namespace aliasvm::cli
