// SPDX-License-Identifier: Apache-2.0
// The host's device tree, as the kernel shows it: a folder is a node, a file a property.
#pragma once

#include "cli/doctor/host_view.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::cli
{

/// The compatible of a node that no driver of the host shall take.
inline constexpr std::string_view given_away = "aliasvm,passthrough";

class TreeNode
{
public:
    explicit TreeNode(std::filesystem::path folder) : folder_{std::move(folder)} {}

    /// With the unit address: "smmu@fd800000".
    [[nodiscard]] std::string name() const { return folder_.filename().string(); }
    [[nodiscard]] bool has(std::string_view property) const;
    [[nodiscard]] std::vector<std::string> strings(std::string_view property) const;
    [[nodiscard]] std::vector<std::uint32_t> cells(std::string_view property) const;
    [[nodiscard]] bool compatible_with(std::string_view name) const;
    /// status is missing or "okay".
    [[nodiscard]] bool enabled() const;

    struct Reg
    {
        std::uint64_t address{};
        std::uint64_t size{};
    };
    [[nodiscard]] std::vector<Reg> reg() const;

private:
    std::filesystem::path folder_;
};

/// Whether the host has one at all.
[[nodiscard]] bool has_device_tree(const HostView& host);
/// The first node that is compatible with any of them, enabled ones before others.
[[nodiscard]] std::optional<TreeNode> find_compatible(const HostView& host,
                                                      const std::vector<std::string_view>& names);
/// The node of a platform device; nothing if there is no such device.
[[nodiscard]] std::optional<TreeNode> node_of_device(const HostView& host,
                                                     const std::string& sysname);

} // namespace aliasvm::cli
