// SPDX-License-Identifier: Apache-2.0
// Registers and memory of a guest that does nothing by itself.
#pragma once

#include "common/a64/perform.hpp"
#include "tests/fakes/fake_registers.hpp"

#include <map>
#include <vector>

namespace aliasvm::a64
{

using fakes::FakeRegisters;

/// Bytes anywhere, and what was done to them, in order.
class FakeMemory : public Memory
{
public:
    struct Touch
    {
        bool write;
        VirtualAddr at;
        std::uint8_t width;
        friend bool operator==(const Touch&, const Touch&) = default;
    };

    std::map<std::uint64_t, std::uint8_t> bytes;
    std::vector<Touch> touches;

    [[nodiscard]] std::uint64_t read(VirtualAddr at, std::uint8_t width) noexcept override
    {
        touches.push_back({false, at, width});
        std::uint64_t value = 0;
        for (unsigned byte = 0; byte < width; ++byte)
            value |= std::uint64_t{bytes[at.value + byte]} << (8 * byte);
        return value;
    }
    void write(VirtualAddr at, std::uint8_t width, std::uint64_t value) noexcept override
    {
        touches.push_back({true, at, width});
        for (unsigned byte = 0; byte < width; ++byte)
            bytes[at.value + byte] = static_cast<std::uint8_t>(value >> (8 * byte));
    }
};

} // namespace aliasvm::a64
