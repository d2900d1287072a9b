// SPDX-License-Identifier: Apache-2.0
// Read strictly, as all options are.
#include "common/bus/pause_options.hpp"

#include "common/bus/error.hpp"

#include <string>

namespace aliasvm::bus
{

namespace
{

constexpr const char* time_key = "time";

GuestClock read_time(Message& call)
{
    if (call.peek_variant() != "s")
        throw BadMessage{"time, an option that is a word, is no string"};
    const char* word = nullptr;
    call.read("v", "s", &word);
    if (word == std::string{time_stands})
        return GuestClock::stands;
    if (word == std::string{time_runs})
        return GuestClock::runs;
    throw NamedError{error_name::invalid_args, "time is \"{}\": \"{}\" and \"{}\" are possible",
                     word, time_stands, time_runs};
}

} // namespace

GuestClock read_pause_options(Message& call)
{
    GuestClock clock = GuestClock::stands;
    for (bool any = call.enter('a', "{sv}"); any && call.enter('e', "sv"); call.exit())
    {
        const std::string name = call.read_string();
        if (name != time_key)
            throw NamedError{error_name::invalid_args, "unknown option \"{}\": there is {}", name,
                             time_key};
        clock = read_time(call);
    }
    call.exit();
    return clock;
}

void append_pause_options(Message& call, GuestClock clock)
{
    call.append("a{sv}", 1, time_key, "s", clock == GuestClock::runs ? time_runs : time_stands);
}

} // namespace aliasvm::bus
