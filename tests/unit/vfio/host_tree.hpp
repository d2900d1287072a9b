// SPDX-License-Identifier: Apache-2.0
// HostTree: a directory that looks like the parts of /sys and /dev/vfio that are read here.
#pragma once

#include "common/base/error.hpp"

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

    /// The lines of the file, as the kernel writes them.
    void set_reserved_regions(int group, const std::string& lines) const
    {
        std::ofstream{group_path(group) / "reserved_regions"} << lines;
    }

    /// The node of a device in the host's device tree, and the IOMMU in front of the device.
    void add_node(const std::string& name, const std::string& iommu) const
    {
        const auto nodes = sys() / "firmware/devicetree/base/axi";
        const auto own = sys() / "devices/platform/axi" / name;
        const auto smmu = sys() / "devices/platform" / iommu;
        std::filesystem::create_directories(nodes / name);
        std::filesystem::create_directories(nodes / iommu);
        std::filesystem::create_directories(smmu / "iommu/entry");
        std::filesystem::create_directory_symlink(nodes / name, own / "of_node");
        std::filesystem::create_directory_symlink(nodes / iommu, smmu / "of_node");
        std::filesystem::create_directory_symlink(smmu, smmu / "iommu/entry/device");
        std::filesystem::create_directory_symlink(smmu / "iommu/entry", own / "iommu");
    }
    /// A property without a value, of a node by its path below the root of the device tree.
    void add_property(const std::string& node, const std::string& property) const
    {
        set_property(node, property, "");
    }
    void set_property(const std::string& node, const std::string& property,
                      const std::string& value) const
    {
        std::ofstream{sys() / "firmware/devicetree/base" / node / property, std::ios::binary}
            << value;
    }

    [[nodiscard]] std::filesystem::path group_path(int group) const
    {
        return sys() / "kernel/iommu_groups" / std::to_string(group);
    }

private:
    std::filesystem::path root_;
};

} // namespace aliasvm::vfio
