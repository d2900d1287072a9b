// SPDX-License-Identifier: Apache-2.0
// MachineFace: org.aliasvm1.Machine of one VM.
#pragma once

#include "common/plan/catalogue.hpp"
#include "daemon/faces/face.hpp"
#include "daemon/faces/machine_control.hpp"
#include "daemon/ownership/machine.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/ports/fixed_memory.hpp"

#include <memory>

namespace aliasvm::daemon
{

class MachineFace final : public Face
{
public:
    struct Uses
    {
        const plan::Catalogue& catalogue;
        const Machines& machines;
        const Ownership& ownership;
        const FixedMemory& fixed_memory;
        MachineControl& control; ///< every method
    };

    MachineFace(Face::Bus bus, const Uses& uses, std::shared_ptr<const Machine> machine);

    void emit_state();

private:
    [[nodiscard]] boost::asio::awaitable<void> start(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> shutdown(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> power_off(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> reset(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> pause(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> pause_with_options(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> resume(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> open_console(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> dump_device_tree(bus::Message call);

    void name(bus::Message& value) const;
    void state(bus::Message& value) const;
    void result(bus::Message& value) const;
    void unit(bus::Message& value) const;
    void leader(bus::Message& value) const;
    void vcpus(bus::Message& value) const;
    void memory(bus::Message& value) const;
    void memory_banks(bus::Message& value) const;
    void aliases(bus::Message& value) const;
    void mac_addresses(bus::Message& value) const;
    void config_path(bus::Message& value) const;
    void statistics(bus::Message& value) const;

    static const sd_bus_vtable vtable[];

    Uses uses_;
    std::shared_ptr<const Machine> machine_;
};

} // namespace aliasvm::daemon
