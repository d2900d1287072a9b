// SPDX-License-Identifier: Apache-2.0
// The device tree of a VM that does not run.
#pragma once

#include "cli/session.hpp"
#include "common/base/problem.hpp"

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace aliasvm::cli
{

/// What its guest would get, were it started now, with the bindings that aliasvmd has for it; or
/// every problem of its configuration. What is not known before the start is complained of. Throws
/// NotFound, and as Client::call() does.
[[nodiscard]] std::variant<std::vector<std::byte>, Problems> tree_to_be(Session& session,
                                                                        const std::string& machine);

} // namespace aliasvm::cli
