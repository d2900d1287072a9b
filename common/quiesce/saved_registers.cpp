// SPDX-License-Identifier: Apache-2.0
// What to save is the kind's; to restore is to write it.
#include "common/quiesce/saved_registers.hpp"

#include "common/quiesce/device_kind.hpp"
#include "common/quiesce/register_reader.hpp"

namespace aliasvm::quiesce
{

SavedRegisters SavedRegisters::save(std::span<const std::string> compatibles,
                                    RegisterWindow& registers)
{
    SavedRegisters saved;
    if (const DeviceKind* const kind = find_kind(compatibles))
    {
        RegisterReader reader{registers, saved.writes_};
        kind->save(reader);
    }
    return saved;
}

void SavedRegisters::restore(RegisterWindow& registers) const
{
    for (const RegisterWrite& write : writes_)
        registers.write(write.offset, write.value);
}

} // namespace aliasvm::quiesce
