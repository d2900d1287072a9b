// SPDX-License-Identifier: Apache-2.0
// Field by field, in the order of the D-Bus properties.
#include "cli/describe.hpp"

namespace aliasvm::cli
{

namespace
{

void describe(Json& json, Spi spi)
{
    json.object().key("spi").number(spi.dt_cell()).key("intid").number(spi.intid()).end();
}

void text_or_null(Json& json, const std::string& text)
{
    if (text.empty())
        json.null();
    else
        json.text(text);
}

} // namespace

void describe(Json& json, const Alias& alias)
{
    json.object().key("alias").text(alias.name).key("backing").text(alias.backing);
    text_or_null(json.key("instance"), alias.instance);
    json.key("windows").array();
    for (const Window& window : alias.windows)
    {
        json.object().key("guest").number(window.guest.base.value).key("host");
        if (window.host)
            json.number(window.host->base.value);
        else
            json.null();
        json.key("size").number(window.guest.size).end();
    }
    json.end().key("interrupts").array();
    for (const Line& line : alias.lines)
    {
        describe(json.object().key("guest"), line.guest);
        json.key("host");
        if (line.host)
            describe(json, *line.host);
        else
            json.null();
        json.end();
    }
    json.end().end();
}

void describe(Json& json, const Machine& machine)
{
    json.object().key("name").text(machine.name).key("state").text(machine.state);
    json.key("result").text(machine.result).key("unit").text(machine.unit);
    json.key("leader").number(machine.leader).key("vcpus").number(machine.vcpus);
    json.key("memory").number(machine.memory).key("config").text(machine.config_path);
    json.key("aliases").array();
    for (const Alias& alias : machine.aliases)
        describe(json, alias);
    json.end().key("statistics").object();
    for (const auto& [name, count] : machine.statistics)
        json.key(name).number(count);
    json.end().end();
}

void describe(Json& json, const Device& device)
{
    json.object().key("name").text(device.name).key("sysname").text(device.sysname);
    json.key("state").text(device.state);
    text_or_null(json.key("machine"), device.owner);
    text_or_null(json.key("alias"), device.alias);
    text_or_null(json.key("driver"), device.driver);
    text_or_null(json.key("group"), device.iommu_group);
    json.key("compatible").array();
    for (const std::string& compatible : device.compatible)
        json.text(compatible);
    json.end().key("regions").array();
    for (const HostRange& region : device.regions)
        json.object().key("base").number(region.base.value).key("size").number(region.size).end();
    json.end().key("interrupts").array();
    for (const Spi spi : device.spis)
        describe(json, spi);
    json.end().key("interrupt_count").number(device.interrupts).end();
}

} // namespace aliasvm::cli
