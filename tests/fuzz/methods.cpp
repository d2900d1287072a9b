// SPDX-License-Identifier: Apache-2.0
// From introspection, and for the broker, which has none, from its description.
#include "tests/fuzz/methods.hpp"

#include "common/base/error.hpp"
#include "common/base/vm_name.hpp"
#include "common/bus/names.hpp"
#include "tests/unit/service/xml_tags.hpp"

#include <cerrno>
#include <utility>

namespace aliasvm::fuzz
{

std::vector<Kind> kinds()
{
    const auto machine = [](const char* name) { return bus::machine_path(*VmName::from(name)); };
    const auto device = [](const char* name) { return bus::device_path(name); };
    return {
        {bus::manager_interface, {bus::root_path}},
        {bus::machine_interface,
         {machine("left"), machine("right"), machine("left"), machine("third"), machine("none")}},
        {bus::device_interface,
         {device("ttc1"), device("ttc2"), device("ttc0"), device("uart1"), device("can1"),
          device("nothing")}},
        {"org.freedesktop.LogControl1", {"/org/freedesktop/LogControl1"}},
    };
}

Vocabulary vocabulary()
{
    const std::vector<std::string> machines{"left", "right", "left", "right", "third", "none"};
    return {
        {"name", machines},
        {"machine", machines},
        {"alias", {"ttc0", "ttc0", "ttc0", "uart0", "ttc7", "gem0"}},
        {"instance", {"ttc2", "uart1", "can1", "gem3", "nothing"}},
        {"property", {"LogLevel", "LogTarget"}},
        {"interface", {"", "org.freedesktop.DBus.Peer", "no.such.Interface"}},
        {"value", {"debug", "err", "console", "kmsg"}},
    };
}

std::vector<Method> methods_of(const std::string& xml, const Kind& kind,
                               const std::string& interface, Vocabulary& words)
{
    const auto tags = service::interface_tags(xml, interface);
    if (tags.empty())
        throw Error{ENOENT, "find {} at {}", interface, kind.paths.front()};
    words["interface"].push_back(interface);
    std::vector<Method> methods;
    for (const std::string& tag : tags)
    {
        std::string name = service::attribute(tag, "name");
        if (tag.starts_with("<method "))
            methods.push_back({interface, name, {}, kind.paths});
        else if (tag.starts_with("<property "))
            words["property"].push_back(name);
        else if (tag.starts_with("<arg ") && service::attribute(tag, "direction") == "in")
        {
            if (const auto end = name.find("_name"); end != std::string::npos)
                name.resize(end); // interface_name and property_name, of Properties
            methods.back().arguments.push_back({service::attribute(tag, "type"), name});
        }
    }
    return methods;
}

std::vector<Method> broker_methods()
{
    return {{bus::broker_interface,
             "Register",
             {{"s", "third"}, {"a(ss)", ""}, {"b", ""}, {"ah", ""}},
             {bus::root_path}},
            {bus::broker_interface, "Acquire", {{"s", "alias"}}, {bus::root_path}},
            {bus::broker_interface, "AcquireMemory", {{"t", ""}}, {bus::root_path}},
            {bus::broker_interface, "ClockRates", {}, {bus::root_path}}};
}

} // namespace aliasvm::fuzz
