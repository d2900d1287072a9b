// SPDX-License-Identifier: Apache-2.0
// The options a{sv} of Machine.PauseWithOptions, on the bus and between daemon and VMM.
#pragma once

#include "common/base/guest_clock.hpp"
#include "common/bus/message.hpp"

namespace aliasvm::bus
{

/// Of the option "time".
inline constexpr const char* time_stands = "stands";
inline constexpr const char* time_runs = "runs";

/// "time" is "stands", also if it is not given, or "runs". Options that are not known are refused:
/// what they ask for would not be done. Throws NamedError (InvalidArgs) and BadMessage.
[[nodiscard]] GuestClock read_pause_options(Message& call);

void append_pause_options(Message& call, GuestClock clock);

} // namespace aliasvm::bus
