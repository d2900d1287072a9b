// SPDX-License-Identifier: Apache-2.0
// A method of one VM's object.
#pragma once

#include "cli/session.hpp"
#include "common/bus/message.hpp"

#include <string>

namespace aliasvm::cli
{

/// Calls a method of org.aliasvm1.Machine, whose arguments `fill` appends, and waits for as long as
/// it takes. Throws NotFound if there is no such VM, else as Client::call() does.
bus::Message call_machine(Session& session, const std::string& name, const char* member,
                          const Client::Fill& fill = {});

} // namespace aliasvm::cli
