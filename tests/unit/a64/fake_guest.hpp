// SPDX-License-Identifier: Apache-2.0
// Registers and memory of a guest that does nothing by itself.
#pragma once

#include "common/a64/perform.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <vector>

namespace aliasvm::a64
{

class FakeRegisters : public Registers
{
public:
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp{};
    std::uint64_t pc{};
    std::array<Quad, 32> v{};

    [[nodiscard]] std::uint64_t general(Register which) const noexcept override
    {
        if (which == Register::sp)
            return sp;
        if (which == Register::pc)
            return pc;
        return x.at(static_cast<std::size_t>(which));
    }
    [[nodiscard]] Quad vector(VectorRegister which) const noexcept override
    {
        return v.at(which.number);
    }
    void set_general(Register which, std::uint64_t value) noexcept override
    {
        if (which == Register::sp)
            sp = value;
        else
            x.at(static_cast<std::size_t>(which)) = value;
    }
    void set_vector(VectorRegister which, Quad value) noexcept override
    {
        v.at(which.number) = value;
    }
    void step() noexcept override { pc += 4; }
};

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
