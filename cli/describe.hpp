// SPDX-License-Identifier: Apache-2.0
// VMs and devices as JSON: one form for list, devices and map.
#pragma once

#include "cli/json.hpp"
#include "cli/model.hpp"

namespace aliasvm::cli
{

/// Addresses and sizes are numbers in bytes; what there is none of is null. An interrupt is
/// {"spi": 21, "intid": 53}.
void describe(Json& json, const Machine& machine);
void describe(Json& json, const Device& device);
/// {"alias": …, "backing": …, "instance": …, "windows": […], "interrupts": […]}
void describe(Json& json, const Alias& alias);

} // namespace aliasvm::cli
