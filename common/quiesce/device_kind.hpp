// SPDX-License-Identifier: Apache-2.0
// DeviceKind: what is known of one kind of device.
#pragma once

#include "common/quiesce/quiesce.hpp"
#include "common/quiesce/register_reader.hpp"
#include "common/quiesce/register_window.hpp"

#include <span>
#include <string>
#include <string_view>

namespace aliasvm::quiesce
{

/// One file each has all of it. A new kind is a file that ends in one of these, and its name here
/// and in the table of device_kind.cpp.
struct DeviceKind
{
    std::span<const std::string_view> compatibles;
    /// The sequence of bring_to_rest().
    Rest (*bring_to_rest)(RegisterWindow& registers);
    /// Says what to read, and what to write for it, in the order of SavedRegisters::restore().
    void (*save)(RegisterReader& registers);
};

extern const DeviceKind uart_kind;
extern const DeviceKind ttc_kind;
extern const DeviceKind can_kind;
extern const DeviceKind i2c_kind;
extern const DeviceKind spi_kind;
extern const DeviceKind gem_kind;

/// By a device's compatible strings, of which the first that is known counts; nullptr if none is.
[[nodiscard]] const DeviceKind* find_kind(std::span<const std::string> compatibles);

} // namespace aliasvm::quiesce
