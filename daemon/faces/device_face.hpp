// SPDX-License-Identifier: Apache-2.0
// DeviceFace: org.aliasvm1.Device of one instance of the SoC.
#pragma once

#include "daemon/faces/face.hpp"
#include "daemon/host/host_devices.hpp"
#include "daemon/host/irq_counter.hpp"
#include "daemon/moves/moves.hpp"
#include "daemon/moves/reconciler.hpp"
#include "daemon/ownership/ownership.hpp"

namespace aliasvm::daemon
{

class DeviceFace final : public Face
{
public:
    struct Uses
    {
        const Ownership& ownership;
        const HostDevices& host_devices;
        const IrqCounter& irq_counter;
        Moves& moves;           ///< Assign, Release
        Reconciler& reconciler; ///< Quiesce
    };

    DeviceFace(Face::Bus bus, const Uses& uses, const plan::Instance& instance);

    void emit_place();

private:
    [[nodiscard]] boost::asio::awaitable<void> assign(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> release(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> quiesce(bus::Message call);

    void name(bus::Message& value) const;
    void sysname(bus::Message& value) const;
    void compatible(bus::Message& value) const;
    void driver(bus::Message& value) const;
    void iommu_group(bus::Message& value) const;
    void host_regions(bus::Message& value) const;
    void host_spis(bus::Message& value) const;
    void owner(bus::Message& value) const;
    void alias(bus::Message& value) const;
    void state(bus::Message& value) const;
    void irq_count(bus::Message& value) const;

    static const sd_bus_vtable vtable[];

    Uses uses_;
    const plan::Instance& instance_;
};

} // namespace aliasvm::daemon
