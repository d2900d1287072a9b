// SPDX-License-Identifier: Apache-2.0
// Wiring: what follows from what.
#include "daemon/service.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;

Service::Service(asio::io_context& io, std::shared_ptr<bus::Connection> connection,
                 const plan::Catalogue& catalogue, DeviceHost& host, FixedMemory& memory,
                 Units& units, FaultPoints& faults, UniqueFd broker_socket,
                 Broker::Identify identify, ServiceSettings settings)
    : io_{io}, catalogue_{catalogue}, memory_{memory}, units_{units},
      return_time_{settings.return_time}, machines_{io, catalogue, settings.configuration_folder,
                                                    settings.assignments_file},
      ownership_{catalogue, host, settings.given_file}, turn_{io}, moves_{machines_, ownership_,
                                                                          host, turn_, faults},
      reconciler_{catalogue, machines_, ownership_, turn_, moves_},
      ram_{memory, catalogue, machines_, ownership_, reconciler_, settings.settings_file},
      clocks_{catalogue, settings.sysfs}, broker_{io,
                                                  std::move(broker_socket),
                                                  std::move(identify),
                                                  {machines_, ownership_, moves_, reconciler_, ram_,
                                                   clocks_}},
      host_devices_{settings.sysfs}, irq_counter_{settings.sysfs}, control_{catalogue, machines_,
                                                                            units},
      authorization_{connection}, face_bus_{io, std::move(connection), authorization_}
{
    machines_.on_event([this](const Machines::Event& event) { follow(event); });
    ownership_.on_change([this](const plan::Instance& instance) { follow(instance); });
    units_.on_change(
        [this](const VmName& name, const UnitFacts& facts)
        {
            Machine& machine = machines_.of_unit(name);
            if (machine.unit == facts)
                return;
            machine.unit = facts;
            machines_.changed(machine);
        });
    broker_.on_register(
        [this](Machine& machine)
        {
            if (on_machine_)
                on_machine_(machine.shared_from_this());
        });
}

Service::~Service()
{
    units_.on_change({});
}

asio::awaitable<void> Service::start()
{
    const std::vector<VmName> running = co_await units_.running();
    broker_.start();
    const auto all_back = [&]
    {
        return std::ranges::all_of(running,
                                   [this](const VmName& name)
                                   {
                                       const Machine& machine = machines_.of_unit(name);
                                       // One that comes up or goes down may have no VMM.
                                       return machine.unit.down() ||
                                              machine.unit.active == "activating" ||
                                              machine.unit.active == "deactivating" || machine.vmm;
                                   });
    };
    if (!co_await machines_.condition().until(all_back, return_time_))
        spdlog::warn("not every VM that runs has come back in {} ms", return_time_.count());
    started_ = true;
    ownership_.trust_only_what_was_given();
    for (const plan::Instance& instance : catalogue_.instances())
        co_await reconcile(instance);
    ram_.tidy();
    show();
}

void Service::show()
{
    sd_bus_slot* slot = nullptr;
    bus::require(sd_bus_add_object_manager(face_bus_.connection->raw(), &slot, bus::root_path),
                 "offer an object manager");
    object_manager_ = bus::Slot{slot};
    manager_ = std::make_shared<ManagerFace>(
        face_bus_, ManagerFace::Uses{catalogue_, machines_, ownership_, host_devices_, control_});
    for (const plan::Instance& instance : catalogue_.instances())
        device_faces_.emplace(
            instance.name,
            std::make_shared<DeviceFace>(
                face_bus_,
                DeviceFace::Uses{ownership_, host_devices_, irq_counter_, moves_, reconciler_},
                instance));
    for (const auto& [name, machine] : machines_.all())
        show(machine);
}

void Service::show(const std::shared_ptr<const Machine>& machine)
{
    machine_faces_.emplace(
        machine->name.str(),
        std::make_shared<MachineFace>(
            face_bus_, MachineFace::Uses{catalogue_, machines_, ownership_, memory_, control_},
            machine));
}

void Service::follow(const Machines::Event& event)
{
    const std::string& name = event.machine.name.str();
    const auto face = machine_faces_.find(name);
    switch (event.what)
    {
    case Machines::Event::What::added:
        if (manager_)
            show(event.machine.shared_from_this());
        break;
    case Machines::Event::What::removed:
        if (face != machine_faces_.end())
        {
            face->second->hide();
            machine_faces_.erase(face);
        }
        live_.erase(name);
        return;
    case Machines::Event::What::changed:
        if (face != machine_faces_.end())
            face->second->emit_state();
        break;
    }
    if (started_ && event.machine.unit.down())
        ram_.tidy();
    // Up or down: what it shall have may be waiting, what it had may be free.
    const bool live = event.machine.live();
    const auto [before, first] = live_.try_emplace(name, false);
    if (std::exchange(before->second, live) == live && !(event.machine.unit.down() && !first))
        return;
    for (const plan::Instance& instance : catalogue_.instances())
    {
        if (concerns(instance, name, live))
            reconcile_soon(instance);
    }
}

/// Whether a machine that has come up or gone down is a reason to look where an instance stands.
bool Service::concerns(const plan::Instance& instance, const std::string& machine, bool live)
{
    if (!live)
        return std::holds_alternative<WithDaemon>(ownership_.place(instance)) ||
               ownership_.unclaimed(instance);
    const WithMachine* const owner = ownership_.owner(instance);
    if (owner != nullptr && owner->machine == machine)
        return true;
    return std::ranges::any_of(machines_.wanting(instance.name), [&](const auto& wanting)
                               { return wanting.first->name.str() == machine; });
}

void Service::follow(const plan::Instance& instance)
{
    machines_.condition().notify_all();
    if (const auto face = device_faces_.find(instance.name); face != device_faces_.end())
        face->second->emit_place();
    for (const auto& [name, face] : machine_faces_)
        face->emit_changed({"Aliases"});
    if (started_)
        ram_.tidy();
}

void Service::stop_for(const IommuFault& fault)
{
    for (const plan::Instance& instance : catalogue_.instances())
    {
        const WithMachine* const owner = ownership_.owner(instance);
        if (instance.stream_id != fault.stream || owner == nullptr)
            continue;
        const auto machine = machines_.require(owner->machine).shared_from_this();
        if (!machine->vmm || !machine->fault.empty())
            return; // one message may stand for many, and one is enough
        machine->fault = fmt::format(
            "iommu-fault: {}, stream id {:#x}, address {}", instance.name, fault.stream,
            fault.address ? fmt::format("{:#x}", *fault.address) : std::string{"unknown"});
        spdlog::error("{}: {} ({}); powering it off", owner->machine, machine->fault, fault.words);
        asio::co_spawn(io_, power_off(machine), asio::detached);
        return;
    }
    spdlog::warn("{}: a fault of stream id {:#x}, which no VM has: {}", fault.iommu, fault.stream,
                 fault.words);
}

asio::awaitable<void> Service::power_off(std::shared_ptr<Machine> machine)
{
    try
    {
        co_await machine->vmm->power_off();
    }
    catch (const std::exception& error)
    {
        spdlog::error("power off {}: {}", machine->name.str(), error.what());
    }
    machines_.changed(*machine);
}

void Service::reconcile_soon(const plan::Instance& instance)
{
    if (started_)
        asio::co_spawn(io_, reconcile(instance), asio::detached);
}

asio::awaitable<void> Service::reconcile(const plan::Instance& instance)
{
    try
    {
        co_await reconciler_.reconcile(instance);
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}: {}", instance.name, error.what());
    }
}

} // namespace aliasvm::daemon
