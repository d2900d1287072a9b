// SPDX-License-Identifier: Apache-2.0
// Kernel modules and their parameters, loaded or not yet.
#pragma once

#include "cli/doctor/host_view.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace aliasvm::cli
{

enum class ModuleState : std::uint8_t
{
    loaded, ///< or built in
    loadable,
    missing,
};

/// Names with underscores, "vfio_platform".
[[nodiscard]] ModuleState module_state(const HostView& host, const std::string& module);

/// The value of a module's parameter: of /sys if it is loaded; else what it will have, by the
/// kernel command line or by modprobe.d. Nothing if nobody says.
[[nodiscard]] std::optional<std::string> parameter(const HostView& host, const std::string& module,
                                                   const std::string& name);

/// What the kernel takes for a true bool: Y, y, 1, on, yes.
[[nodiscard]] bool truth(const std::string& value);

/// How to set a parameter: at once if it can be, by the kernel command line, or by a file.
[[nodiscard]] std::string set_parameter(const std::string& module, const std::string& name,
                                        const std::string& value);

} // namespace aliasvm::cli
