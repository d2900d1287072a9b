// SPDX-License-Identifier: Apache-2.0
// Object paths from names.
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

} // namespace aliasvm::bus
