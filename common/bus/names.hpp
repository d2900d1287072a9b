// SPDX-License-Identifier: Apache-2.0
// What org.aliasvm1 is called: paths, interfaces, errors. Daemon, VMM and command line share them.
#pragma once

#include "common/base/vm_name.hpp"

#include <string>
#include <string_view>

namespace aliasvm::bus
{

inline constexpr const char* service_name = "org.aliasvm1";
inline constexpr const char* root_path = "/org/aliasvm1";

// On the bus.
inline constexpr const char* manager_interface = "org.aliasvm1.Manager";
inline constexpr const char* machine_interface = "org.aliasvm1.Machine";
inline constexpr const char* device_interface = "org.aliasvm1.Device";

/// Between daemon and VMM, which are peers over a socket without a bus between. The daemon offers
/// `broker_interface` at `root_path`; the VMM offers its part of `machine_interface` and
/// `aliases_interface` at its machine_path().
///
///     Broker.Register(name: s, holding: a(ss), paused: b, statistics: ah) → bindings: a{ss}
///         `holding` is what the VMM has open, (alias, instance): nothing when it starts, something
///         when it comes back to a daemon that was gone. `bindings` is the instance of each alias
///         whose binding differs from the configuration file's. Refused with AccessDenied unless
///         the caller runs in the unit of the VM that it says it is.
///     Broker.Acquire(alias: s) → instance: s, descriptors: ah
///         The device behind an alias: open, at rest, its interrupts off. The first descriptor is
///         the device's, the second, for a bus master that goes through an IOMMU, its VFIO
///         container's.
///     Broker.AcquireMemory(bytes: t) → banks: a(tt), memory: h
///         RAM for dma = "identity": hugepages of 2 MiB, zero-filled, `bytes` in all. `banks` is
///         where they lie, host-physical address and size of each piece, and `memory` a file of
///         them: its offsets follow the banks in their order. The daemon keeps the memory until
///         every bus master of the VM is at rest, whatever becomes of the VMM. Once a start, after
///         Register and before Acquire. Refused with IdentityNotAllowed unless the host's
///         administrator allows it, and with NoHugepages if there are not as many.
///     Aliases.Detach(alias: s) → pause_usec: t
///         Takes the instance out of the guest and closes it; a bus master is at rest then. The
///         alias is empty from then on.
///     Aliases.Attach(alias: s, instance: s, as_left: b, descriptors: ah) → pause_usec: t
///         Puts an instance at rest behind an empty alias. With `as_left`, one that was detached
///         from there last gets the settings back that it had.
///     Machine.Pause, PauseWithOptions, Resume, Reset, PowerOff, OpenConsole, DumpDeviceTree: as on
///         the bus; Reset and PowerOff reply before the process ends.
inline constexpr const char* broker_interface = "org.aliasvm1.Broker";
inline constexpr const char* aliases_interface = "org.aliasvm1.Aliases";
inline constexpr const char* broker_socket = "/run/aliasvm/broker";

/// "/org/aliasvm1/machine/left"; characters that a path cannot have are written as _2d.
[[nodiscard]] std::string machine_path(const VmName& name);
/// "/org/aliasvm1/device/uart1", by the catalogue's name.
[[nodiscard]] std::string device_path(std::string_view instance);

namespace error_name
{
inline constexpr const char* no_such_machine = "org.aliasvm1.Error.NoSuchMachine";
inline constexpr const char* no_such_device = "org.aliasvm1.Error.NoSuchDevice";
/// Says which machine has it.
inline constexpr const char* device_busy = "org.aliasvm1.Error.DeviceBusy";
/// Says which driver of the host has it.
inline constexpr const char* held_by_driver = "org.aliasvm1.Error.HeldByDriver";
/// Did not come to rest; nobody gets it before it does.
inline constexpr const char* device_blocked = "org.aliasvm1.Error.DeviceBlocked";
inline constexpr const char* no_such_alias = "org.aliasvm1.Error.NoSuchAlias";
/// Says what is behind it.
inline constexpr const char* alias_in_use = "org.aliasvm1.Error.AliasInUse";
/// The alias is of another kind of device.
inline constexpr const char* alias_mismatch = "org.aliasvm1.Error.AliasMismatch";
inline constexpr const char* wrong_state = "org.aliasvm1.Error.WrongState";
inline constexpr const char* start_failed = "org.aliasvm1.Error.StartFailed";
inline constexpr const char* group_not_viable = "org.aliasvm1.Error.GroupNotViable";
inline constexpr const char* no_iommu = "org.aliasvm1.Error.NoIommu";
/// The host's configuration does not allow dma = "identity".
inline constexpr const char* identity_not_allowed = "org.aliasvm1.Error.IdentityNotAllowed";
/// Says how many are there and how many are due.
inline constexpr const char* no_hugepages = "org.aliasvm1.Error.NoHugepages";
inline constexpr const char* bad_configuration = "org.aliasvm1.Error.BadConfiguration";
/// The console is a physical port; says which.
inline constexpr const char* console_is_physical = "org.aliasvm1.Error.ConsoleIsPhysical";
/// A step of Assign or Release failed, and everything is as before. Says which step.
inline constexpr const char* step_failed = "org.aliasvm1.Error.StepFailed";
inline constexpr const char* timed_out = "org.aliasvm1.Error.TimedOut";
} // namespace error_name

} // namespace aliasvm::bus
