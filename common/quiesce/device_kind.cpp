// SPDX-License-Identifier: Apache-2.0
// The table of device kinds.
#include "common/quiesce/device_kind.hpp"

#include <algorithm>
#include <array>

namespace aliasvm::quiesce
{

namespace
{

constexpr std::array kinds{&uart_kind, &ttc_kind, &can_kind, &i2c_kind, &spi_kind, &gem_kind};

} // namespace

const DeviceKind* find_kind(std::span<const std::string> compatibles)
{
    for (const std::string& compatible : compatibles)
    {
        for (const DeviceKind* const kind : kinds)
        {
            if (std::ranges::find(kind->compatibles, compatible) != kind->compatibles.end())
                return kind;
        }
    }
    return nullptr;
}

} // namespace aliasvm::quiesce
