// SPDX-License-Identifier: Apache-2.0
// a{oa{sa{sv}}}, taken apart by a table of properties.
#include "cli/model.hpp"

#include "cli/failure.hpp"
#include "cli/reading.hpp"
#include "common/bus/names.hpp"
#include "common/plan/nearest.hpp"

#include <algorithm>
#include <span>

#include <fmt/format.h>

namespace aliasvm::cli
{

namespace
{

using bus::Message;

constexpr std::uint32_t no_spi = UINT32_MAX;

std::uint32_t read_u(Message& message)
{
    std::uint32_t value = 0;
    message.read("u", &value);
    return value;
}

std::uint64_t read_t(Message& message)
{
    std::uint64_t value = 0;
    message.read("t", &value);
    return value;
}

Spi spi_of(std::uint32_t number)
{
    const auto spi = Spi::from_dt_cell(number);
    if (!spi)
        throw bus::BadMessage{fmt::format("SPI {} is none of a machine's {}", number, Spi::count)};
    return *spi;
}

std::vector<Window> read_windows(Message& message)
{
    std::vector<Window> windows;
    enter(message, 'a', "(ttt)");
    std::uint64_t guest = 0;
    std::uint64_t host = 0;
    std::uint64_t size = 0;
    while (message.read_next("(ttt)", &guest, &host, &size))
    {
        Window window{.guest = {{guest}, size}, .host = {}};
        if (host != 0)
            window.host = HostRange{{host}, size};
        windows.push_back(window);
    }
    message.exit();
    return windows;
}

std::vector<Line> read_lines(Message& message)
{
    std::vector<Line> lines;
    enter(message, 'a', "(uu)");
    std::uint32_t guest = 0;
    std::uint32_t host = 0;
    while (message.read_next("(uu)", &guest, &host))
    {
        Line line{.guest = spi_of(guest), .host = {}};
        if (host != no_spi)
            line.host = spi_of(host);
        lines.push_back(line);
    }
    message.exit();
    return lines;
}

std::vector<Alias> read_aliases(Message& message)
{
    std::vector<Alias> aliases;
    each(message, 'r', "sssa(ttt)a(uu)",
         [&aliases](Message& one)
         {
             Alias alias;
             alias.name = one.read_string();
             alias.instance = one.read_string();
             alias.backing = one.read_string();
             alias.windows = read_windows(one);
             alias.lines = read_lines(one);
             aliases.push_back(std::move(alias));
         });
    return aliases;
}

std::map<std::string, std::uint64_t> read_counts(Message& message)
{
    std::map<std::string, std::uint64_t> counts;
    enter(message, 'a', "{st}");
    const char* name = nullptr;
    std::uint64_t count = 0;
    while (message.read_next("{st}", &name, &count))
        counts[name] = count;
    message.exit();
    return counts;
}

std::map<std::string, std::string> read_texts(Message& message)
{
    std::map<std::string, std::string> texts;
    enter(message, 'a', "{ss}");
    const char* name = nullptr;
    const char* text = nullptr;
    while (message.read_next("{ss}", &name, &text))
        texts[name] = text;
    message.exit();
    return texts;
}

std::vector<std::string> read_strings(Message& message)
{
    std::vector<std::string> all;
    enter(message, 'a', "s");
    const char* one = nullptr;
    while (message.read_next("s", &one))
        all.emplace_back(one);
    message.exit();
    return all;
}

std::vector<HostRange> read_regions(Message& message)
{
    std::vector<HostRange> all;
    enter(message, 'a', "(tt)");
    HostRange one;
    while (message.read_next("(tt)", &one.base.value, &one.size))
        all.push_back(one);
    message.exit();
    return all;
}

std::vector<MemoryBank> read_banks(Message& message)
{
    std::vector<MemoryBank> all;
    enter(message, 'a', "(ttb)");
    MemoryBank one;
    int identity = 0;
    while (message.read_next("(ttb)", &one.range.base.value, &one.range.size, &identity))
    {
        one.identity = identity != 0;
        all.push_back(one);
    }
    message.exit();
    return all;
}

std::vector<Spi> read_spis(Message& message)
{
    std::vector<Spi> all;
    enter(message, 'a', "u");
    std::uint32_t one = 0;
    while (message.read_next("u", &one))
        all.push_back(spi_of(one));
    message.exit();
    return all;
}

template <class Object>
struct Property
{
    std::string_view name;
    const char* type;
    void (*read)(Object&, Message&);
};

constexpr Property<Machine> machine_properties[]{
    {"Name", "s", [](Machine& m, Message& v) { m.name = v.read_string(); }},
    {"State", "s", [](Machine& m, Message& v) { m.state = v.read_string(); }},
    {"Result", "s", [](Machine& m, Message& v) { m.result = v.read_string(); }},
    {"Unit", "s", [](Machine& m, Message& v) { m.unit = v.read_string(); }},
    {"Leader", "u", [](Machine& m, Message& v) { m.leader = read_u(v); }},
    {"Vcpus", "u", [](Machine& m, Message& v) { m.vcpus = read_u(v); }},
    {"Memory", "t", [](Machine& m, Message& v) { m.memory = read_t(v); }},
    {"MemoryBanks", "a(ttb)", [](Machine& m, Message& v) { m.banks = read_banks(v); }},
    {"Aliases", "a(sssa(ttt)a(uu))", [](Machine& m, Message& v) { m.aliases = read_aliases(v); }},
    {"MacAddresses", "a{ss}", [](Machine& m, Message& v) { m.macs = read_texts(v); }},
    {"ConfigPath", "s", [](Machine& m, Message& v) { m.config_path = v.read_string(); }},
    {"Statistics", "a{st}", [](Machine& m, Message& v) { m.statistics = read_counts(v); }},
};

constexpr Property<Device> device_properties[]{
    {"Name", "s", [](Device& d, Message& v) { d.name = v.read_string(); }},
    {"SysName", "s", [](Device& d, Message& v) { d.sysname = v.read_string(); }},
    {"Compatible", "as", [](Device& d, Message& v) { d.compatible = read_strings(v); }},
    {"Driver", "s", [](Device& d, Message& v) { d.driver = v.read_string(); }},
    {"IommuGroup", "s", [](Device& d, Message& v) { d.iommu_group = v.read_string(); }},
    {"HostRegions", "a(tt)", [](Device& d, Message& v) { d.regions = read_regions(v); }},
    {"HostSpis", "au", [](Device& d, Message& v) { d.spis = read_spis(v); }},
    {"Owner", "s", [](Device& d, Message& v) { d.owner = v.read_string(); }},
    {"Alias", "s", [](Device& d, Message& v) { d.alias = v.read_string(); }},
    {"State", "s", [](Device& d, Message& v) { d.state = v.read_string(); }},
    {"IrqCount", "t", [](Device& d, Message& v) { d.interrupts = read_t(v); }},
};

/// a{sv} into an object.
template <class Object>
Object read_object(Message& message, std::span<const Property<Object>> known)
{
    Object object;
    const auto read_property = [&object, known](Message& one)
    {
        const std::string name = one.read_string();
        const auto property = std::ranges::find(known, name, &Property<Object>::name);
        if (property == known.end())
            return one.skip("v");
        if (const std::string type = one.peek_variant(); type != property->type)
            throw bus::BadMessage{
                fmt::format("property {} is \"{}\", not \"{}\"", name, type, property->type)};
        enter(one, 'v', property->type);
        property->read(object, one);
        one.exit();
    };
    each(message, 'e', "sv", read_property);
    return object;
}

/// a{sa{sv}}, the interfaces of one object.
void read_interfaces(Message& message, Inventory& inventory)
{
    const auto read_interface = [&inventory](Message& one)
    {
        const std::string interface = one.read_string();
        if (interface == bus::machine_interface)
            inventory.machines.push_back(read_object<Machine>(one, std::span{machine_properties}));
        else if (interface == bus::device_interface)
            inventory.devices.push_back(read_object<Device>(one, std::span{device_properties}));
        else
            one.skip("a{sv}");
    };
    each(message, 'e', "sa{sv}", read_interface);
}

template <class Object>
std::vector<std::string> names_of(const std::vector<Object>& objects)
{
    std::vector<std::string> names;
    for (const Object& object : objects)
        names.push_back(object.name);
    return names;
}

} // namespace

std::string Alias::behind() const
{
    if (backing == "instance")
        return instance;
    return backing == "none" ? "nothing" : backing;
}

const Machine& Inventory::machine(std::string_view name) const
{
    const auto found = std::ranges::find(machines, name, &Machine::name);
    if (found == machines.end())
        throw NotFound{fmt::format("there is no VM \"{}\"; {}", name,
                                   machines.empty() ? "write /etc/aliasvm/NAME.toml for one"
                                                    : plan::suggest(name, names_of(machines)))};
    return *found;
}

const Device& Inventory::device(std::string_view name) const
{
    const auto found = std::ranges::find_if(devices, [name](const Device& d)
                                            { return d.name == name || d.sysname == name; });
    if (found == devices.end())
        throw NotFound{fmt::format("there is no device \"{}\"; {}", name,
                                   plan::suggest(name, names_of(devices)))};
    return *found;
}

Inventory read_inventory(Client& client)
{
    Message message =
        client.call(bus::root_path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
    Inventory inventory;
    each(message, 'e', "oa{sa{sv}}",
         [&inventory](Message& object)
         {
             object.skip("o");
             read_interfaces(object, inventory);
         });
    std::ranges::sort(inventory.machines, {}, &Machine::name);
    std::ranges::sort(inventory.devices, {}, &Device::name);
    return inventory;
}

} // namespace aliasvm::cli
