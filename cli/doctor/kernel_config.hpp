// SPDX-License-Identifier: Apache-2.0
// The options that the running kernel was built with.
#pragma once

#include "cli/doctor/host_view.hpp"

#include <map>
#include <optional>
#include <string>

namespace aliasvm::cli
{

struct KernelConfig
{
    std::string file; ///< where it was found, for messages
    std::map<std::string, std::string> values{};

    /// "y", "m", a value; "n" if it is not set. `option` without CONFIG_.
    [[nodiscard]] std::string value(const std::string& option) const;
    [[nodiscard]] bool has(const std::string& option) const;
};

/// Of /proc/config.gz (by the program gzip), else of /boot/config-RELEASE, else of
/// /lib/modules/RELEASE/config. Nothing if there is none of them.
[[nodiscard]] std::optional<KernelConfig> read_kernel_config(const HostView& host);

} // namespace aliasvm::cli
