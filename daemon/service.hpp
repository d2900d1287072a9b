// SPDX-License-Identifier: Apache-2.0
// Service: the daemon as a whole, on ports that tests can serve.
#pragma once

#include "daemon/async/turn.hpp"
#include "daemon/faces/authorization.hpp"
#include "daemon/faces/device_face.hpp"
#include "daemon/faces/face.hpp"
#include "daemon/faces/machine_control.hpp"
#include "daemon/faces/machine_face.hpp"
#include "daemon/faces/manager_face.hpp"
#include "daemon/host/host_clocks.hpp"
#include "daemon/host/host_devices.hpp"
#include "daemon/host/iommu_fault.hpp"
#include "daemon/host/irq_counter.hpp"
#include "daemon/moves/moves.hpp"
#include "daemon/moves/ram_ownership.hpp"
#include "daemon/moves/reconciler.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/peers/broker.hpp"
#include "daemon/ports/device_host.hpp"
#include "daemon/ports/fault_points.hpp"
#include "daemon/ports/fixed_memory.hpp"
#include "daemon/ports/units.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

struct ServiceSettings
{
    std::string configuration_folder{"/etc/aliasvm"};
    std::string assignments_file{"/run/aliasvm/assignments.toml"};
    std::string given_file{"/run/aliasvm/given.toml"};
    std::string settings_file{"/etc/aliasvm/aliasvmd.toml"};
    std::filesystem::path sysfs{"/sys"};
    /// How long VMMs that run have for coming back to a daemon that starts.
    std::chrono::milliseconds return_time{5000};
};

/// Everything between the ports. Main thread; lives as long as the loop runs.
class Service
{
public:
    /// Called when a VMM has registered: for machined.
    using OnMachine = std::function<void(std::shared_ptr<Machine>)>;

    Service(boost::asio::io_context& io, std::shared_ptr<bus::Connection> connection,
            const plan::Catalogue& catalogue, DeviceHost& host, FixedMemory& memory, Units& units,
            FaultPoints& faults, UniqueFd broker_socket, Broker::Identify identify,
            ServiceSettings settings);
    ~Service();

    /// Finds out what is, makes it what it shall be, and then shows itself on the bus. The name is
    /// the caller's to take.
    [[nodiscard]] boost::asio::awaitable<void> start();
    void reload() { machines_.reload(); }
    /// An IOMMU stopped a bus master: the machine that has it is powered off, with the fault as its
    /// Result.
    void stop_for(const IommuFault& fault);
    void on_machine(OnMachine call) { on_machine_ = std::move(call); }

    [[nodiscard]] Machines& machines() noexcept { return machines_; }
    [[nodiscard]] Ownership& ownership() noexcept { return ownership_; }

private:
    void follow(const Machines::Event& event);
    void follow(const plan::Instance& instance);
    void show();
    void show(const std::shared_ptr<const Machine>& machine);
    [[nodiscard]] bool concerns(const plan::Instance& instance, const std::string& machine,
                                bool live);
    void reconcile_soon(const plan::Instance& instance);
    [[nodiscard]] boost::asio::awaitable<void> power_off(std::shared_ptr<Machine> machine);
    [[nodiscard]] boost::asio::awaitable<void> reconcile(const plan::Instance& instance);

    boost::asio::io_context& io_;
    const plan::Catalogue& catalogue_;
    const FixedMemory& memory_;
    Units& units_;
    std::chrono::milliseconds return_time_;
    Machines machines_;
    Ownership ownership_;
    Turn turn_;
    Moves moves_;
    Reconciler reconciler_;
    RamOwnership ram_;
    HostClocks clocks_;
    Broker broker_;
    HostDevices host_devices_;
    IrqCounter irq_counter_;
    MachineControl control_;
    Authorization authorization_;
    Face::Bus face_bus_;
    bus::Slot object_manager_;
    std::shared_ptr<ManagerFace> manager_;
    std::map<std::string, std::shared_ptr<MachineFace>, std::less<>> machine_faces_;
    std::map<std::string, std::shared_ptr<DeviceFace>, std::less<>> device_faces_;
    std::map<std::string, bool, std::less<>> live_; ///< as it was at the last event
    OnMachine on_machine_;
    bool started_{};
};

} // namespace aliasvm::daemon
