// SPDX-License-Identifier: Apache-2.0
// The face of aliasvmd, in vtables of the same types.
#include "fake_daemon.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

using bus::Message;
using bus::require;

constexpr std::uint32_t no_spi = UINT32_MAX;

Window window(std::uint64_t guest, std::uint64_t host)
{
    Window made{.guest = {{guest}, 0x1000}, .host = {}};
    if (host != 0)
        made.host = HostRange{{host}, 0x1000};
    return made;
}

Line line(std::uint32_t guest, std::uint32_t host)
{
    Line made{.guest = *Spi::from_dt_cell(guest), .host = {}};
    if (host != no_spi)
        made.host = Spi::from_dt_cell(host);
    return made;
}

Alias power_key()
{
    return {"gpio", "", "power-key", {window(0xff0a0000, 0)}, {line(16, no_spi)}};
}

Device device(std::string name, std::string sysname, std::uint64_t base, std::uint32_t spi,
              std::string state)
{
    return {.name = std::move(name),
            .sysname = std::move(sysname),
            .compatible = {"xlnx,zynqmp-uart", "cdns,uart-r1p12"},
            .driver = {},
            .iommu_group = {},
            .regions = {{{base}, 0x1000}},
            .spis = {*Spi::from_dt_cell(spi)},
            .owner = {},
            .alias = {},
            .state = std::move(state),
            .interrupts = 0};
}

void append_alias(Message& value, const Alias& alias)
{
    value.open('r', "sssa(ttt)a(uu)");
    value.append("sss", alias.name.c_str(), alias.instance.c_str(), alias.backing.c_str());
    value.open('a', "(ttt)");
    for (const Window& one : alias.windows)
        value.append("(ttt)", one.guest.base.value, one.host ? one.host->base.value : 0,
                     one.guest.size);
    value.close().open('a', "(uu)");
    for (const Line& one : alias.lines)
        value.append("(uu)", one.guest.dt_cell(), one.host ? one.host->dt_cell() : no_spi);
    value.close().close();
}

void append_machine(Message& value, std::string_view property, Machine& machine, bool other_version,
                    std::uint64_t step)
{
    if (property == "Name")
        value.append("s", machine.name.c_str());
    else if (property == "State")
        value.append("s", machine.state.c_str());
    else if (property == "Result")
        value.append("s", machine.result.c_str());
    else if (property == "Unit")
        value.append("s", machine.unit.c_str());
    else if (property == "Leader")
        value.append("u", machine.leader);
    else if (property == "Vcpus")
        value.append("u", machine.vcpus);
    else if (property == "Memory" && other_version)
        value.append("s", "64 MiB");
    else if (property == "Memory")
        value.append("t", machine.memory);
    else if (property == "MemoryBanks")
    {
        value.open('a', "(ttb)");
        for (const MemoryBank& bank : machine.banks)
            value.append("(ttb)", bank.range.base.value, bank.range.size, bank.identity ? 1 : 0);
        value.close();
    }
    else if (property == "MacAddresses")
    {
        value.open('a', "{ss}");
        for (const auto& [alias, mac] : machine.macs)
            value.append("{ss}", alias.c_str(), mac.c_str());
        value.close();
    }
    else if (property == "ConfigPath")
        value.append("s", machine.config_path.c_str());
    else if (property == "Colour")
        value.append("s", "a property of the future");
    else if (property == "Aliases")
    {
        value.open('a', "(sssa(ttt)a(uu))");
        for (const Alias& alias : machine.aliases)
            append_alias(value, alias);
        value.close();
    }
    else
    {
        value.open('a', "{st}");
        for (auto& [name, count] : machine.statistics)
            value.append("{st}", name.c_str(), count += step);
        value.close();
    }
}

void append_device(Message& value, std::string_view property, Device& device, std::uint64_t step)
{
    if (property == "Name")
        value.append("s", device.name.c_str());
    else if (property == "SysName")
        value.append("s", device.sysname.c_str());
    else if (property == "Driver")
        value.append("s", device.driver.c_str());
    else if (property == "IommuGroup")
        value.append("s", device.iommu_group.c_str());
    else if (property == "Owner")
        value.append("s", device.owner.c_str());
    else if (property == "Alias")
        value.append("s", device.alias.c_str());
    else if (property == "State")
        value.append("s", device.state.c_str());
    else if (property == "IrqCount")
        value.append("t", device.interrupts += step);
    else if (property == "Compatible")
    {
        value.open('a', "s");
        for (const std::string& one : device.compatible)
            value.append("s", one.c_str());
        value.close();
    }
    else if (property == "HostRegions")
    {
        value.open('a', "(tt)");
        for (const HostRange& one : device.regions)
            value.append("(tt)", one.base.value, one.size);
        value.close();
    }
    else
    {
        value.open('a', "u");
        for (const Spi one : device.spis)
            value.append("u", one.dt_cell());
        value.close();
    }
}

} // namespace

struct FakeDaemon::Object
{
    FakeDaemon* daemon{};
    Machine* machine{};
    Device* device{};
};

Inventory sample_inventory()
{
    Inventory all;
    all.machines = {
        {.name = "left",
         .state = "running",
         .result = "success",
         .unit = "vm@left.service",
         .leader = 101,
         .vcpus = 1,
         .memory = 128 << 20,
         .banks = {{{GuestAddr{0x4000'0000}, 96 << 20}, true},
                   {{GuestAddr{0x4800'0000}, 32 << 20}, true}},
         .aliases =
             {{"uart0", "uart0", "instance", {window(0xff000000, 0xff000000)}, {line(21, 21)}},
              power_key()},
         .macs = {},
         .config_path = "/etc/aliasvm/left.toml",
         .statistics = {{"exits", 5000}, {"mmio_exit_user", 10}, {"mmio_exit_kernel", 400}}},
        {.name = "right",
         .state = "running",
         .result = "success",
         .unit = "vm@right.service",
         .leader = 102,
         .vcpus = 2,
         .memory = 64 << 20,
         .banks = {{{GuestAddr{0}, 64 << 20}, false}},
         .aliases =
             {{"uart0", "uart1", "instance", {window(0xff000000, 0xff010000)}, {line(21, 22)}},
              {"gem0", "gem3", "instance", {window(0xff0b0000, 0xff0e0000)}, {line(57, 63)}},
              {"ttc0",
               "",
               "none",
               {window(0xff110000, 0)},
               {line(36, no_spi), line(37, no_spi), line(38, no_spi)}},
              power_key()},
         .macs = {{"gem0", "02:82:26:5c:29:fc"}},
         .config_path = "/etc/aliasvm/right.toml",
         .statistics = {{"exits", 7000}, {"mmio_exit_user", 20}, {"mmio_exit_kernel", 600}}},
        {.name = "con",
         .state = "inactive",
         .result = "success",
         .unit = "vm@con.service",
         .leader = 0,
         .vcpus = 1,
         .memory = 4097,
         .banks = {{{GuestAddr{0}, 4097}, false}},
         .aliases = {{"uart0", "", "console", {window(0xff000000, 0)}, {line(21, no_spi)}}},
         .macs = {},
         .config_path = "/etc/aliasvm/con.toml",
         .statistics = {}},
        {.name = "broken",
         .state = "failed",
         .result = "exit-code",
         .unit = "vm@broken.service",
         .leader = 0,
         .vcpus = 0,
         .memory = 0,
         .banks = {},
         .aliases = {},
         .macs = {},
         .config_path = "/etc/aliasvm/broken.toml",
         .statistics = {}}};
    all.devices = {device("uart1", "ff010000.serial", 0xff010000, 22, "assigned"),
                   device("uart0", "ff000000.serial", 0xff000000, 21, "assigned"),
                   device("gem3", "ff0e0000.ethernet", 0xff0e0000, 63, "assigned"),
                   device("ttc0", "ff110000.timer", 0xff110000, 36, "available"),
                   device("can0", "ff060000.can", 0xff060000, 23, "absent"),
                   device("sdhci1", "ff170000.mmc", 0xff170000, 49, "host"),
                   device("ttc1", "ff120000.timer", 0xff120000, 39, "blocked")};
    for (auto& [index, owner, alias, group] :
         {std::tuple{0U, "right", "uart0", "noiommu-1"},
          std::tuple{1U, "left", "uart0", "noiommu-0"}, std::tuple{2U, "right", "gem0", "7"}})
    {
        all.devices[index].owner = owner;
        all.devices[index].alias = alias;
        all.devices[index].driver = "vfio-platform";
        all.devices[index].iommu_group = group;
    }
    all.devices[2].spis.push_back(*Spi::from_dt_cell(64));
    all.devices[5].driver = "sdhci-arasan";
    return all;
}

FakeDaemon::FakeDaemon(const std::string& bus_address)
{
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "make a console");
    console_ = UniqueFd{ends[0]};
    guest_console_ = UniqueFd{ends[1]};
    require(sd_bus_new(&bus_), "make a connection");
    require(sd_bus_set_address(bus_, bus_address.c_str()), "set its address");
    require(sd_bus_set_bus_client(bus_, 1), "be a client");
    require(sd_bus_negotiate_fds(bus_, 1), "ask for descriptors");
    require(sd_bus_start(bus_), "connect");
}

FakeDaemon::~FakeDaemon()
{
    stop_ = true;
    if (thread_.joinable())
        thread_.join();
    sd_bus_flush_close_unref(bus_);
}

void FakeDaemon::add_object(const std::string& path, const char* interface,
                            const sd_bus_vtable* vtable, Object object)
{
    objects_.push_back(std::make_unique<Object>(object));
    require(sd_bus_add_object_vtable(bus_, nullptr, path.c_str(), interface, vtable,
                                     objects_.back().get()),
            "add an object");
}

void FakeDaemon::serve()
{
    require(sd_bus_add_object_manager(bus_, nullptr, bus::root_path), "manage objects");
    add_object(bus::root_path, bus::manager_interface,
               other_version ? manager_of_other_version : manager_vtable, {this, nullptr, nullptr});
    for (Machine& machine : inventory.machines)
        add_object(bus::machine_path(*VmName::from(machine.name)), bus::machine_interface,
                   other_version ? machine_of_other_version : machine_vtable,
                   {this, &machine, nullptr});
    for (Device& device : inventory.devices)
        add_object(bus::device_path(device.name), bus::device_interface, device_vtable,
                   {this, nullptr, &device});
    require(sd_bus_request_name(bus_, bus::service_name, 0), "take the name");
    thread_ = std::thread{[this] { run(); }};
}

void FakeDaemon::run()
{
    constexpr std::uint64_t wait_usec = 20'000;
    while (!stop_)
    {
        const int more = sd_bus_process(bus_, nullptr);
        if (more < 0)
            return;
        if (more == 0)
            sd_bus_wait(bus_, wait_usec);
    }
}

std::vector<std::string> FakeDaemon::calls() const
{
    const std::lock_guard lock{mutex_};
    return calls_;
}

int FakeDaemon::note(sd_bus_message* call, const std::string& what, sd_bus_error* error)
{
    const std::lock_guard lock{mutex_};
    calls_.push_back(what);
    const auto failure = failures.find(sd_bus_message_get_member(call));
    if (failure == failures.end())
        return 0;
    return sd_bus_error_set(error, failure->second.first.c_str(), failure->second.second.c_str());
}

int FakeDaemon::handle_manager(sd_bus_message* raw, sd_bus_error* error)
{
    Message call = Message::share(raw);
    const std::string member = sd_bus_message_get_member(raw);
    if (const int failed = note(raw, fmt::format("{} {}", member, call.read_string()), error);
        failed < 0)
        return failed;
    Message reply = call.new_reply();
    if (member == "Check" || member == "Warnings")
    {
        reply.open('a', "(suuss)");
        for (const Problem& problem : member == "Check" ? problems : warnings)
            reply.append("(suuss)", problem.at.file.c_str(), problem.at.line, problem.at.column,
                         problem.what.c_str(), problem.mend.c_str());
        reply.close();
    }
    reply.send();
    return 1;
}

int FakeDaemon::handle_machine(sd_bus_message* raw, const Machine& machine, sd_bus_error* error)
{
    const std::string_view member = sd_bus_message_get_member(raw);
    std::string what = fmt::format("{} {}", member, machine.name);
    Message call = Message::share(raw);
    for (bool any = member == "PauseWithOptions" && call.enter('a', "{sv}");
         any && call.enter('e', "sv"); call.exit())
    {
        what += ' ' + call.read_string();
        const char* value = nullptr;
        call.read("v", "s", &value);
        what += fmt::format("={}", value);
    }
    if (const int failed = note(raw, what, error); failed < 0)
        return failed;
    Message reply = Message::share(raw).new_reply();
    if (member == "OpenConsole")
        reply.append("h", guest_console_.get());
    else if (member == "DumpDeviceTree")
        reply.append_bytes({std::byte{0xd0}, std::byte{0x0d}, std::byte{0}, std::byte{0xed}});
    reply.send();
    if (member == "OpenConsole")
        guest_console_.reset(); // the client has the only other end now
    return 1;
}

int FakeDaemon::handle_device(sd_bus_message* raw, const Device& device, sd_bus_error* error)
{
    Message call = Message::share(raw);
    const std::string_view member = sd_bus_message_get_member(raw);
    std::string what = fmt::format("{} {}", member, device.name);
    if (member == "Assign")
    {
        const std::string machine = call.read_string();
        what += fmt::format(" {} {}", machine, call.read_string());
    }
    for (bool any = call.enter('a', "{sv}"); any && call.enter('e', "sv"); call.exit())
    {
        what += ' ' + call.read_string();
        int value = 0;
        call.read("v", "b", &value);
        what += value != 0 ? "" : "=no";
    }
    if (const int failed = note(raw, what, error); failed < 0)
        return failed;
    call.new_reply().send();
    return 1;
}

int FakeDaemon::on_manager(sd_bus_message* call, void* object, sd_bus_error* error)
{
    return static_cast<Object*>(object)->daemon->handle_manager(call, error);
}

int FakeDaemon::on_machine(sd_bus_message* call, void* object, sd_bus_error* error)
{
    const auto* const self = static_cast<Object*>(object);
    return self->daemon->handle_machine(call, *self->machine, error);
}

int FakeDaemon::on_device(sd_bus_message* call, void* object, sd_bus_error* error)
{
    const auto* const self = static_cast<Object*>(object);
    return self->daemon->handle_device(call, *self->device, error);
}

int FakeDaemon::on_property(sd_bus*, const char*, const char*, const char* property,
                            sd_bus_message* reply, void* object, sd_bus_error*)
{
    const auto* const self = static_cast<Object*>(object);
    Message value = Message::share(reply);
    if (self->machine != nullptr)
        append_machine(value, property, *self->machine, self->daemon->other_version,
                       self->daemon->busy_step);
    else
        append_device(value, property, *self->device, self->daemon->busy_step);
    return 1;
}

const sd_bus_vtable FakeDaemon::manager_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("StartMachine", "s", "", on_manager, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("StopMachine", "s", "", on_manager, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Check", "s", "a(suuss)", on_manager, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Warnings", "s", "a(suuss)", on_manager, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable FakeDaemon::manager_of_other_version[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("ListMachines", "s", "", on_manager, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable FakeDaemon::machine_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Start", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Shutdown", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("PowerOff", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Reset", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Pause", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("PauseWithOptions", "a{sv}", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Resume", "", "", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("OpenConsole", "", "h", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("DumpDeviceTree", "", "ay", on_machine, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Name", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("State", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Result", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Unit", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Leader", "u", on_property, 0, 0),
    SD_BUS_PROPERTY("Vcpus", "u", on_property, 0, 0),
    SD_BUS_PROPERTY("Memory", "t", on_property, 0, 0),
    SD_BUS_PROPERTY("MemoryBanks", "a(ttb)", on_property, 0, 0),
    SD_BUS_PROPERTY("Aliases", "a(sssa(ttt)a(uu))", on_property, 0, 0),
    SD_BUS_PROPERTY("MacAddresses", "a{ss}", on_property, 0, 0),
    SD_BUS_PROPERTY("ConfigPath", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Statistics", "a{st}", on_property, 0, 0),
    SD_BUS_PROPERTY("Colour", "s", on_property, 0, 0),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable FakeDaemon::machine_of_other_version[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Name", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Memory", "s", on_property, 0, 0),
    SD_BUS_VTABLE_END,
};

const sd_bus_vtable FakeDaemon::device_vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD("Assign", "ssa{sv}", "", on_device, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD("Release", "a{sv}", "", on_device, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_PROPERTY("Name", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("SysName", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Compatible", "as", on_property, 0, 0),
    SD_BUS_PROPERTY("Driver", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("IommuGroup", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("HostRegions", "a(tt)", on_property, 0, 0),
    SD_BUS_PROPERTY("HostSpis", "au", on_property, 0, 0),
    SD_BUS_PROPERTY("Owner", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("Alias", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("State", "s", on_property, 0, 0),
    SD_BUS_PROPERTY("IrqCount", "t", on_property, 0, 0),
    SD_BUS_VTABLE_END,
};

} // namespace aliasvm::cli
