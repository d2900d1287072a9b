// SPDX-License-Identifier: Apache-2.0
// Object paths from names and back.
#include "common/bus/names.hpp"

#include <cstdlib>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <systemd/sd-bus.h>

namespace aliasvm::bus
{

namespace
{

constexpr std::string_view machine_prefix = "/org/aliasvm1/machine";
constexpr std::string_view device_prefix = "/org/aliasvm1/device";

std::string encode(std::string_view prefix, std::string_view name)
{
    char* path = nullptr;
    if (sd_bus_path_encode(std::string{prefix}.c_str(), std::string{name}.c_str(), &path) < 0)
        throw std::bad_alloc{};
    const std::unique_ptr<char, decltype(&std::free)> owner{path, &std::free};
    return path;
}

} // namespace

std::string machine_path(const VmName& name)
{
    return encode(machine_prefix, name.str());
}

std::string device_path(std::string_view instance)
{
    return encode(device_prefix, instance);
}

std::optional<std::string> name_of_path(std::string_view path)
{
    for (const std::string_view prefix : {machine_prefix, device_prefix})
    {
        char* name = nullptr;
        if (sd_bus_path_decode(std::string{path}.c_str(), std::string{prefix}.c_str(), &name) <= 0)
            continue;
        const std::unique_ptr<char, decltype(&std::free)> owner{name, &std::free};
        if (*name != '\0')
            return name;
    }
    return std::nullopt;
}

} // namespace aliasvm::bus
