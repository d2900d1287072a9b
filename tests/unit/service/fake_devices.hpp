// SPDX-License-Identifier: Apache-2.0
// FakeDevices: instances of a host, with the kernel's rule that a group opens once.
#pragma once

#include "common/quiesce/saved_registers.hpp"
#include "daemon/ports/device_host.hpp"
#include "tests/fakes/fake_vfio.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace aliasvm::service
{

/// Of a TTC's first counter.
inline constexpr std::uint32_t interrupt_enable = 0x60;

/// Their registers are plain memory. So a TTC and a GEM come to rest, and a UART, whose reset bits
/// would have to clear themselves, never does.
class FakeDevices final : public daemon::DeviceHost
{
public:
    FakeDevices();

    /// The registers of an instance.
    [[nodiscard]] volatile std::uint32_t& at(const std::string& instance, std::uint32_t offset);
    /// Clears a GEM's status of transmission, as writing ones to it does in a GEM: plain memory
    /// keeps them, so that it has to be done before it can come to rest again.
    void clear_transmit_status(const std::string& gem);

    /// How a VMM saves what its guest set an instance to, and puts it back.
    [[nodiscard]] quiesce::SavedRegisters save(const std::string& instance);
    void restore(const std::string& instance, const quiesce::SavedRegisters& saved);

    std::set<std::string> absent;
    std::map<std::string, std::string> drivers;   ///< of the host, by instance
    std::map<std::string, std::string> elsewhere; ///< instance: the process that has it open
    std::set<std::string> bound_ones;
    int bind_error{};
    int open_error{};
    bool group_not_viable{};
    bool has_iommu{};

    [[nodiscard]] bool present(const plan::Instance& instance) const override;
    [[nodiscard]] bool bound(const plan::Instance& instance) const override;
    [[nodiscard]] bool unused(const plan::Instance& instance) const override;
    void bind(const plan::Instance& instance, daemon::Force force) override;
    void release(const plan::Instance& instance) override;
    [[nodiscard]] Dma dma(const plan::Instance& instance) const override;
    [[nodiscard]] std::unique_ptr<vfio::PlatformDevice>
    open(const plan::Instance& instance) override;

private:
    fakes::FakeHost host_;
    std::map<std::string, fakes::DeviceModel*> models_;
};

} // namespace aliasvm::service
