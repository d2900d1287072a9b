// SPDX-License-Identifier: Apache-2.0
// Settings: what aliasvmd.toml, the host's own configuration, allows.
#pragma once

#include <string>

namespace aliasvm::facts
{

struct Settings
{
    /// VMs may ask for dma = "identity": DMA that nothing confines.
    bool allow_identity_dma{};
};

/// Read when something depends on it, so that the file as it is counts. No file is one that allows
/// nothing. Throws Error with every problem of the file.
[[nodiscard]] Settings read_settings(const std::string& file);

} // namespace aliasvm::facts
