// SPDX-License-Identifier: Apache-2.0
// What aliasvmd knows of its VMs and devices, read in one call.
#pragma once

#include "cli/client.hpp"
#include "common/base/address.hpp"
#include "common/base/spi.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::cli
{

/// `host` is empty unless an instance is behind the alias.
struct Window
{
    GuestRange guest;
    std::optional<HostRange> host;
};

struct Line
{
    Spi guest;
    std::optional<Spi> host;
};

struct Alias
{
    std::string name;     ///< "uart0"
    std::string instance; ///< "uart1"; empty unless one is behind it
    std::string backing;  ///< "instance", "console", "power-key", "clock", "none"
    std::vector<Window> windows;
    std::vector<Line> lines;

    /// The instance, or "console", "power-key", "clock", "nothing".
    [[nodiscard]] std::string behind() const;
};

struct MemoryBank
{
    GuestRange range;
    bool identity{}; ///< at the same address on the host
};

struct Machine
{
    std::string name;
    std::string state;  ///< "inactive" "starting" "running" "paused" "stopping" "failed"
    std::string result; ///< of the last run
    std::string unit;
    std::uint32_t leader{}; ///< process id, 0 for none
    std::uint32_t vcpus{};
    std::uint64_t memory{};        ///< bytes
    std::vector<MemoryBank> banks; ///< where it is in the guest; empty while that is not known
    std::vector<Alias> aliases;
    std::map<std::string, std::string> macs; ///< by alias, of those of GEMs
    std::string config_path;
    std::map<std::string, std::uint64_t> statistics; ///< counts since the VM began to run
};

struct Device
{
    std::string name;    ///< "uart1"
    std::string sysname; ///< "ff010000.serial"
    std::vector<std::string> compatible;
    std::string driver;
    std::string iommu_group; ///< "7", "noiommu-3" or empty
    std::vector<HostRange> regions;
    std::vector<Spi> spis;
    std::string owner; ///< name of a VM or empty
    std::string alias; ///< of the owner
    std::string state; ///< "absent" "host" "available" "idle" "assigned" "blocked"
    std::uint64_t interrupts{};
};

/// Both by name.
struct Inventory
{
    std::vector<Machine> machines;
    std::vector<Device> devices;

    /// Throws NotFound, with the most likely name meant.
    [[nodiscard]] const Machine& machine(std::string_view name) const;
    /// By the name of the catalogue or that of sysfs. Throws NotFound, with the most likely name.
    [[nodiscard]] const Device& device(std::string_view name) const;
};

/// Of GetManagedObjects() at org.aliasvm1. Properties and interfaces of other versions are passed
/// over. Throws as Client::call() does, and BadMessage.
[[nodiscard]] Inventory read_inventory(Client& client);

} // namespace aliasvm::cli
