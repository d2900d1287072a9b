// SPDX-License-Identifier: Apache-2.0
// From a name to an object, and from a missing object to words.
#include "cli/machine_call.hpp"

#include "cli/failure.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <fmt/format.h>

namespace aliasvm::cli
{

bus::Message call_machine(Session& session, const std::string& name, const char* member,
                          const Client::Fill& fill)
{
    const auto valid = VmName::from(name);
    const NotFound not_found{
        fmt::format("there is no VM \"{}\"; \"aliasvm list\" shows those that there are", name)};
    if (!valid)
        throw not_found;
    try
    {
        return session.client().call(bus::machine_path(*valid), bus::machine_interface, member,
                                     Patience::forever, fill);
    }
    catch (const bus::NamedError& error)
    {
        if (error.name() == SD_BUS_ERROR_UNKNOWN_OBJECT)
            throw not_found;
        throw;
    }
}

} // namespace aliasvm::cli
