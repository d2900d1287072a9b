// SPDX-License-Identifier: Apache-2.0
// The doors to the host's VFIO.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/vfio/port.hpp"

#include <memory>
#include <string>

namespace aliasvm::vfio
{

/// Opens devices through /dev/vfio itself. Nothing is opened before the first device is.
[[nodiscard]] std::unique_ptr<Host> open_host();

/// A device that somebody else opened and handed over; whoever did keeps its group and container
/// open. Throws Error.
[[nodiscard]] std::unique_ptr<PlatformDevice> adopt_device(UniqueFd device, std::string name);

} // namespace aliasvm::vfio
