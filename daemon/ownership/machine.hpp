// SPDX-License-Identifier: Apache-2.0
// Machine: what the daemon knows of one VM.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/plan/config.hpp"
#include "daemon/ports/units.hpp"
#include "daemon/ports/vmm.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aliasvm::daemon
{

enum class MachineState : std::uint8_t
{
    inactive,
    starting, ///< from the start job, or a reset, to the first instruction
    running,
    paused,
    stopping,
    failed,
};

[[nodiscard]] const char* to_string(MachineState state);

/// Which version of a file it was.
struct FileStamp
{
    std::uint64_t device{};
    std::uint64_t inode{};
    std::int64_t size{};
    std::int64_t changed{}; ///< ns

    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

/// One machine: its configuration as last read, its unit, its VMM if one is connected. Whom its
/// instances belong to is not here: Ownership knows.
struct Machine : std::enable_shared_from_this<Machine>
{
    Machine(VmName its_name, std::string file)
        : name{std::move(its_name)}, config_path{std::move(file)}
    {
    }

    VmName name;
    std::string config_path;
    std::optional<plan::Config> config{};    ///< nothing if the file is gone
    std::optional<FileStamp> config_stamp{}; ///< of the file that it is from, where links lead
    UnitFacts unit{};
    std::shared_ptr<Vmm> vmm{}; ///< connected and who it says
    bool paused{};
    std::vector<UniqueFd> statistics{};
    std::string fault{}; ///< why this process stopped it; "" once it starts again
    std::chrono::microseconds last_pause{};    ///< of the vCPUs, for a change of a binding
    std::chrono::microseconds longest_pause{}; ///< the same

    [[nodiscard]] MachineState state() const;
    /// What the last run came to: its unit's Result, or the fault for which it was stopped.
    [[nodiscard]] const std::string& result() const { return fault.empty() ? unit.result : fault; }
    /// Its VMM serves calls: from when the unit is up.
    [[nodiscard]] bool live() const;
    /// Its VMM is coming up, and will ask for its instances by itself.
    [[nodiscard]] bool starting() const { return state() == MachineState::starting; }

    [[nodiscard]] const plan::AliasConfig* alias(std::string_view alias_name) const;
    /// The instance that the configuration file names for an alias; "" if it names none.
    [[nodiscard]] std::string configured(std::string_view alias_name) const;
};

} // namespace aliasvm::daemon
