// SPDX-License-Identifier: Apache-2.0
// What a VM will see of a file, which is less than root sees.
#pragma once

#include "common/plan/image.hpp"

#include <optional>
#include <string>

namespace aliasvm::facts
{

/// Why the process of a VM will not be able to read the file: its unit hides
/// the place, or the mode of the file or of a folder on the way, also by way of links, does not let
/// its user (a user of its own, of the groups kvm and aliasvm) through. Nothing if it will, and
/// where it cannot be told: an ACL is there, or this process sees no further itself. `what`
/// completes "FILE …".
[[nodiscard]] std::optional<plan::ImageFault> hidden_from_vm(const std::string& path);

} // namespace aliasvm::facts
