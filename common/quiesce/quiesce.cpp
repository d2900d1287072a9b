// SPDX-License-Identifier: Apache-2.0
// Bringing to rest is the kind's.
#include "common/quiesce/quiesce.hpp"

#include "common/quiesce/device_kind.hpp"

namespace aliasvm::quiesce
{

bool has_sequence(std::span<const std::string> compatibles)
{
    return find_kind(compatibles) != nullptr;
}

Rest bring_to_rest(std::span<const std::string> compatibles, RegisterWindow& registers)
{
    const DeviceKind* const kind = find_kind(compatibles);
    return kind == nullptr ? Rest::no_sequence : kind->bring_to_rest(registers);
}

} // namespace aliasvm::quiesce
