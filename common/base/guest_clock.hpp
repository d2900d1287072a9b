// SPDX-License-Identifier: Apache-2.0
// GuestClock: what a guest's clock does in a pause.
#pragma once

#include <cstdint>

namespace aliasvm
{

/// What becomes of the guest's clock (CNTVCT_EL0) while its vCPUs stand still.
enum class GuestClock : std::uint8_t
{
    stands, ///< the guest finds no time missing: its timers, watchdogs and schedulers see nothing
    runs,   ///< it finds that time has passed
};

} // namespace aliasvm
