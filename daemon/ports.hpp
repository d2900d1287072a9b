// SPDX-License-Identifier: Apache-2.0
// The daemon's ports: running VMMs, systemd's units, and the devices of this host.
#pragma once

#include "common/base/dma.hpp"
#include "common/base/unique_fd.hpp"
#include "common/base/vm_name.hpp"
#include "common/plan/catalogue.hpp"
#include "common/quiesce/saved_registers.hpp"
#include "common/vfio/port.hpp"
#include "daemon/binding.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// The process of a running VM, which may be slow, gone or hostile: every call is bounded in time
/// and throws NamedError or Error.
class Vmm
{
public:
    virtual ~Vmm() = default;

    /// Both give how long the vCPUs stood still. The descriptors are the caller's.
    [[nodiscard]] virtual boost::asio::awaitable<std::chrono::microseconds>
    attach(std::string alias, std::string instance, quiesce::Settings settings,
           std::vector<int> descriptors) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::chrono::microseconds>
    detach(std::string alias) = 0;

    [[nodiscard]] virtual boost::asio::awaitable<void> pause() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<void> resume() = 0;
    /// It ends soon after it has replied.
    [[nodiscard]] virtual boost::asio::awaitable<void> reset() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<void> power_off() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<UniqueFd> open_console() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::vector<std::byte>> device_tree() = 0;

    /// Nothing is to be heard of it any more: it did not keep its promises.
    virtual void drop() = 0;
};

/// What systemd knows of a VM's unit.
struct UnitFacts
{
    std::string active{"inactive"}; ///< ActiveState
    std::string sub{"dead"};        ///< SubState
    std::string result{"success"};  ///< Result
    std::string status;             ///< STATUS= of sd_notify
    std::uint32_t main_pid{};
    std::int32_t exit_status{}; ///< ExecMainStatus, of the last run

    [[nodiscard]] bool down() const { return active == "inactive" || active == "failed"; }
    friend bool operator==(const UnitFacts&, const UnitFacts&) = default;
};

/// vm@NAME.service of every machine. Throws Error or NamedError.
class Units
{
public:
    /// Called whenever something about a machine's unit may have changed.
    using OnChange = std::function<void(const VmName&, const UnitFacts&)>;

    virtual ~Units() = default;

    virtual void on_change(OnChange call) = 0;
    /// Facts of every VM that is up now.
    [[nodiscard]] virtual boost::asio::awaitable<std::vector<VmName>> running() = 0;
    /// Waits for the job: its result, "done" if it went well.
    [[nodiscard]] virtual boost::asio::awaitable<std::string> start(VmName name) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::string> stop(VmName name) = 0;
};

/// The physical devices. Throws Error, HeldByDriver; a device that another process has open
/// answers EBUSY to open().
class DeviceHost
{
public:
    virtual ~DeviceHost() = default;

    /// This host's device tree has it, status okay.
    [[nodiscard]] virtual bool present(const plan::Instance& instance) const = 0;
    /// vfio-platform has it.
    [[nodiscard]] virtual bool bound(const plan::Instance& instance) const = 0;
    /// No driver has it at all.
    [[nodiscard]] virtual bool unused(const plan::Instance& instance) const = 0;
    virtual void bind(const plan::Instance& instance, Force force) = 0;
    virtual void release(const plan::Instance& instance) = 0;
    /// What its DMA reaches on this host: nothing for one that is no bus master, and while it is
    /// bound, through an IOMMU or all memory.
    [[nodiscard]] virtual Dma dma(const plan::Instance& instance) const = 0;
    /// Exclusive, which is what ownership rests on: while this succeeds, nobody else has it.
    [[nodiscard]] virtual std::unique_ptr<vfio::PlatformDevice>
    open(const plan::Instance& instance) = 0;
};

/// RAM of VMs that never moves in physical memory, for bus masters that no IOMMU confines: what
/// they write must not land in somebody else's memory, so the RAM outlives its VM and this process.
/// Throws Error.
class FixedMemory
{
public:
    struct Grant
    {
        std::vector<HostRange> pieces; ///< where it is, in the order of the file
        UniqueFd file;                 ///< the memory, zero-filled
    };

    virtual ~FixedMemory() = default;

    /// New RAM; the VM has none.
    [[nodiscard]] virtual Grant provide(const VmName& name, std::uint64_t bytes) = 0;
    /// The VMs whose RAM is kept, also from before a restart of this process.
    [[nodiscard]] virtual std::vector<std::string> kept() const = 0;
    /// Where the RAM lies that is kept of a VM, in the order of its file; empty if there is none.
    [[nodiscard]] virtual std::vector<HostRange> place(const VmName& name) const = 0;
    /// Nothing keeps it any more but those who have it mapped.
    virtual void free(const std::string& name) = 0;
};

/// Where an assignment can be made to fail by a test. Production has this one, which never does.
class FaultPoints
{
public:
    virtual ~FaultPoints() = default;
    /// Throws to fail the step that begins.
    virtual void reach(const char* step) { static_cast<void>(step); }
};

} // namespace aliasvm::daemon
