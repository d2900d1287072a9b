// SPDX-License-Identifier: Apache-2.0
// ManagerFace: org.aliasvm1.Manager.
#pragma once

#include "common/plan/catalogue.hpp"
#include "daemon/faces/face.hpp"
#include "daemon/faces/machine_control.hpp"
#include "daemon/host/host_devices.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"

namespace aliasvm::daemon
{

class ManagerFace final : public Face
{
public:
    struct Uses
    {
        const plan::Catalogue& catalogue;
        Machines& machines; ///< read again by Reload, and each by Check
        const Ownership& ownership;
        const HostDevices& host_devices;
        MachineControl& control; ///< StartMachine, StopMachine
    };

    ManagerFace(Face::Bus bus, const Uses& uses);

private:
    void list_machines(bus::Message call);
    void list_devices(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> start_machine(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> stop_machine(bus::Message call);
    void check(bus::Message call);
    void warnings(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> await_rest(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> reload(bus::Message call);

    static const sd_bus_vtable vtable[];

    Uses uses_;
};

} // namespace aliasvm::daemon
