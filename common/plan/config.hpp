// SPDX-License-Identifier: Apache-2.0
// Config: what NAME.toml says, each value with its place, before anything is known of the SoC.
#pragma once

#include "common/base/dma.hpp"
#include "common/base/problem.hpp"
#include "common/base/vm_name.hpp"
#include "common/plan/mac_address.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::plan
{

/// A value and where it was written. A default's place is the whole file.
template <class T>
struct Located
{
    T value{};
    SourcePosition at;
};

/// Values of `instance` that are no device of the SoC.
inline constexpr std::string_view console_instance = "console";     ///< an emulated UART
inline constexpr std::string_view power_key_instance = "power-key"; ///< an emulated GPIO
inline constexpr std::string_view clock_instance = "clock";         ///< an emulated RTC
inline constexpr std::string_view no_instance;                      ///< nothing yet

/// `uart0 = "uart1"`, or `[alias.uart0]` with keys.
struct AliasConfig
{
    Located<std::string> name;
    Located<std::string> instance;
    std::optional<Located<std::uint64_t>> address;           ///< long form only
    std::optional<std::vector<Located<std::uint64_t>>> spis; ///< long form only; not range-checked
    std::optional<Located<MacAddress>> mac;                  ///< long form only; of one interface
    std::optional<Located<std::uint32_t>> phy; ///< long form only; MDIO address, 0–31
};

/// The keys of NAME.toml. What is wrong with the text alone is in `problems`, and the value
/// concerned is then missing or the default; make_plan() hands the problems on with its own, so
/// that a user gets all of them at once.
struct Config
{
    VmName name;
    std::string file; ///< for messages; as given
    Problems problems{};
    bool readable{}; ///< false: TOML syntax error, the only problem, and nothing else is set

    std::optional<Located<std::uint64_t>> memory{}; ///< bytes, > 0; missing only with a problem
    Located<Dma> dma{Dma::iommu, {}};               ///< of the VM's bus masters; never none
    /// Bytes of RAM at 0 that no device can reach, > 0; with Dma::identity only.
    std::optional<Located<std::uint64_t>> low_memory{};
    Located<bool> ocm{};                          ///< RAM where the SoC has its on-chip memory
    Located<std::uint32_t> vcpus{1, {}};          ///< 1 to 8
    std::optional<Located<std::string>> kernel{}; ///< absolute path; missing only with a problem
    std::optional<Located<std::string>> initrd{}; ///< absolute path
    std::optional<Located<std::string>> dtb{};    ///< absolute path
    std::optional<Located<std::uint64_t>> kernel_address{};
    Located<std::string> cmdline{};
    Located<std::chrono::seconds> stop_timeout{std::chrono::seconds{5}, {}};
    std::vector<AliasConfig> aliases{}; ///< in the order of the file, names distinct
};

/// Reads the text of a configuration. `file` is the name to show in problems. Never throws for
/// anything that is in the text.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file, VmName name);

} // namespace aliasvm::plan
