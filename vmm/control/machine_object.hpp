// SPDX-License-Identifier: Apache-2.0
// MachineObject: what the daemon may ask of a machine that runs.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/bus/connection.hpp"
#include "common/vfio/port.hpp"
#include "vmm/control/bindings.hpp"
#include "vmm/control/console_server.hpp"
#include "vmm/control/lifecycle.hpp"
#include "vmm/machine/machine.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::control
{

/// Where a machine's devices come from: descriptors go in under the device's name, and the host
/// opens what has been handed in, which uses it up, also when that fails (vfio::HandedHost).
struct DeviceSource
{
    vfio::Host& host;
    std::function<void(std::string name, std::vector<UniqueFd> descriptors)> hand_in;
};

/// What the machine is now, for STATUS: "1 vCPU, uart0=uart1(ff010000.serial)".
[[nodiscard]] std::string describe(const machine::Machine& machine);

/// The parts that the object works on; they outlive it.
struct MachineParts
{
    machine::Machine& machine;
    Lifecycle& lifecycle;
    DeviceSource& devices;
    ConsoleServer* console; ///< of the first alias that is an emulated console, or null
};

/// org.aliasvm1.Machine and org.aliasvm1.Aliases (common/bus/names.hpp) at bus::machine_path(), and
/// nothing of a kind that would need permission: who may connect is decided by the socket.
///
/// Every method is done when it replies. None waits for anybody but the vCPU threads, which leave
/// the guest at once, so the main loop can bear it. A machine that is over answers WrongState.
/// An error leaves everything as it was, as far as Machine::detach() and attach() do.
///
/// Main thread.
class MachineObject
{
public:
    /// `device_tree` is what the guest was given, byte for byte.
    MachineObject(MachineParts parts, Bindings bindings, std::vector<std::byte> device_tree);
    MachineObject(const MachineObject&) = delete;
    MachineObject& operator=(const MachineObject&) = delete;

    /// Puts the objects on a connection, and takes them from the one before. Throws Error.
    void offer_on(const std::shared_ptr<bus::Connection>& connection);

private:
    void pause(bus::Message call);
    void pause_with_options(bus::Message call);
    void resume(bus::Message call);
    void reset(bus::Message call);
    void power_off(bus::Message call);
    void open_console(bus::Message call);
    void dump_device_tree(bus::Message call);
    void detach(bus::Message call);
    void attach(bus::Message call);

    void require_life() const;
    void hold(GuestClock clock);
    [[nodiscard]] std::chrono::microseconds attach_device(const plan::AliasPlan& alias,
                                                          quiesce::Settings settings,
                                                          std::vector<UniqueFd> descriptors);
    [[nodiscard]] const std::string& name() const { return bindings_.vm().str(); }

    static const sd_bus_vtable machine_vtable[];
    static const sd_bus_vtable aliases_vtable[];

    MachineParts parts_;
    Bindings bindings_;
    std::vector<std::byte> device_tree_;
    bus::Slot machine_;
    bus::Slot aliases_;
};

} // namespace aliasvm::control
