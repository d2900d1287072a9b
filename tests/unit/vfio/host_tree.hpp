// SPDX-License-Identifier: Apache-2.0
// HostTree: a directory that looks like the parts of /sys and /dev/vfio that are read here.
#pragma once

#include "vmm/base/error.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace aliasvm::vfio
{

class HostTree
{
public:
    HostTree()
    {
        std::string pattern = (std::filesystem::temp_directory_path() / "host-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr)
            throw Error{errno, "make a temporary directory"};
        root_ = pattern;
        std::filesystem::create_directories(sys() / "bus/platform/devices");
        std::filesystem::create_directories(dev());
        std::ofstream{dev() / "vfio"};
    }
    ~HostTree()
    {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    HostTree(const HostTree&) = delete;
    HostTree& operator=(const HostTree&) = delete;

    [[nodiscard]] std::filesystem::path sys() const { return root_ / "sys"; }
    [[nodiscard]] std::filesystem::path dev() const { return root_ / "dev/vfio"; }

    /// A platform device; an empty driver is none, a negative group too.
    void add_device(const std::string& name, const std::string& driver, int group = -1) const
    {
        const auto real = sys() / "devices/platform/axi" / name;
        std::filesystem::create_directories(real);
        std::filesystem::create_directory_symlink(real, sys() / "bus/platform/devices" / name);
        if (!driver.empty())
        {
            const auto path = sys() / "bus/platform/drivers" / driver;
            std::filesystem::create_directories(path);
            std::filesystem::create_directory_symlink(path, real / "driver");
        }
        if (group >= 0)
        {
            const auto path = group_path(group);
            std::filesystem::create_directories(path / "devices");
            std::filesystem::create_directory_symlink(path, real / "iommu_group");
            std::filesystem::create_directory_symlink(real, path / "devices" / name);
        }
    }

    /// The group's node, and what its `name` file says if it has one.
    void add_group_node(int group, bool noiommu) const
    {
        std::ofstream{dev() / ((noiommu ? "noiommu-" : "") + std::to_string(group))};
        if (noiommu)
            std::ofstream{group_path(group) / "name"} << "vfio-noiommu\n";
    }

private:
    [[nodiscard]] std::filesystem::path group_path(int group) const
    {
        return sys() / "kernel/iommu_groups" / std::to_string(group);
    }

    std::filesystem::path root_;
};

} // namespace aliasvm::vfio
