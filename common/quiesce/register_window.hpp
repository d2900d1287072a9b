// SPDX-License-Identifier: Apache-2.0
// RegisterWindow: the 32-bit registers of a device that no guest has.
#pragma once

#include "common/base/mapping.hpp"

#include <cstdint>

namespace aliasvm::quiesce
{

/// Offsets are in bytes from the start of the device's first window, a multiple of 4.
class RegisterWindow
{
public:
    virtual ~RegisterWindow() = default;

    [[nodiscard]] virtual std::uint32_t read(std::uint32_t offset) = 0;
    virtual void write(std::uint32_t offset, std::uint32_t value) = 0;
};

/// The registers themselves, through a mapping that VFIO gave.
class MappedRegisters final : public RegisterWindow
{
public:
    explicit MappedRegisters(const Mapping& mapping) : mapping_{mapping} {}

    [[nodiscard]] std::uint32_t read(std::uint32_t offset) override { return at(offset); }
    void write(std::uint32_t offset, std::uint32_t value) override { at(offset) = value; }

private:
    [[nodiscard]] volatile std::uint32_t& at(std::uint32_t offset) const
    {
        return *reinterpret_cast<volatile std::uint32_t*>(mapping_.data() + offset);
    }

    const Mapping& mapping_;
};

} // namespace aliasvm::quiesce
