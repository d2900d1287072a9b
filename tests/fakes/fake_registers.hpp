// SPDX-License-Identifier: Apache-2.0
// FakeRegisters: the registers of a CPU that a test holds in its hand.
#pragma once

#include "common/kvm/port.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace aliasvm::fakes
{

class FakeRegisters final : public kvm::RegisterFile
{
public:
    std::array<std::uint64_t, 31> x{};
    std::uint64_t sp{};
    std::uint64_t pc{};
    std::array<a64::Quad, 32> v{};
    kvm::CpuState state{0x3c5, {}}; ///< EL1h, MMU off
    bool refuses{};

    [[nodiscard]] std::uint64_t general(a64::Register which) const noexcept override
    {
        if (which == a64::Register::sp)
            return sp;
        if (which == a64::Register::pc)
            return pc;
        return x.at(static_cast<std::size_t>(which));
    }
    [[nodiscard]] a64::Quad vector(a64::VectorRegister which) const noexcept override
    {
        return v.at(which.number);
    }
    void set_general(a64::Register which, std::uint64_t value) noexcept override
    {
        if (which == a64::Register::sp)
            sp = value;
        else
            x.at(static_cast<std::size_t>(which)) = value;
    }
    void set_vector(a64::VectorRegister which, a64::Quad value) noexcept override
    {
        v.at(which.number) = value;
    }
    void step() noexcept override { pc += 4; }
    [[nodiscard]] bool failed() const noexcept override { return refuses; }
};

} // namespace aliasvm::fakes
