// SPDX-License-Identifier: Apache-2.0
// What is done to a whole machine, in terms of its unit and its VMM.
#pragma once

#include "common/base/problem.hpp"
#include "daemon/context.hpp"

#include <string>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// Everything that is wrong with the configuration, as the next start would find it.
[[nodiscard]] Problems problems_of(Context& context, const Machine& machine);

/// Each replies when it is done, and throws NamedError: NoSuchMachine, BadConfiguration,
/// WrongState, StartFailed with what systemd and the VMM said.
[[nodiscard]] boost::asio::awaitable<void> start_machine(Context& context, std::string name);
/// The guest is told, and has its stop_timeout.
[[nodiscard]] boost::asio::awaitable<void> stop_machine(Context& context, std::string name);
/// At once, as if the plug were pulled.
[[nodiscard]] boost::asio::awaitable<void> power_off(Context& context, std::string name);
/// As if the guest had asked for it. Done when it runs again.
[[nodiscard]] boost::asio::awaitable<void> reset(Context& context, std::string name);
[[nodiscard]] boost::asio::awaitable<void> set_paused(Context& context, std::string name,
                                                      bool paused);

/// A machine whose VMM serves calls now; NamedError WrongState.
[[nodiscard]] std::shared_ptr<Machine> require_live(Context& context, std::string_view name);

} // namespace aliasvm::daemon
