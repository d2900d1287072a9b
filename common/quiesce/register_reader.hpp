// SPDX-License-Identifier: Apache-2.0
// RegisterReader: reads the settings of a device, and notes what to write to bring them back.
#pragma once

#include "common/quiesce/register_window.hpp"
#include "common/quiesce/saved_registers.hpp"

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace aliasvm::quiesce
{

/// Collects the writes of restore() while it reads.
class RegisterReader
{
public:
    RegisterReader(RegisterWindow& registers, std::vector<RegisterWrite>& writes)
        : registers_{registers}, writes_{writes}
    {
    }

    [[nodiscard]] std::uint32_t read(std::uint32_t offset) { return registers_.read(offset); }
    void write(std::uint32_t offset, std::uint32_t value) { writes_.push_back({offset, value}); }

    /// Registers that hold what is written to them.
    void plain(std::initializer_list<std::uint32_t> offsets)
    {
        for (const std::uint32_t offset : offsets)
            write(offset, read(offset));
    }
    void plain_range(std::uint32_t from, std::uint32_t end)
    {
        for (std::uint32_t offset = from; offset < end; offset += 4)
            plain({offset});
    }

private:
    RegisterWindow& registers_;
    std::vector<RegisterWrite>& writes_;
};

} // namespace aliasvm::quiesce
