// SPDX-License-Identifier: Apache-2.0
// MadeHost: a directory tree that looks like a ZynqMP host on which all is well.
#pragma once

#include "temporary_folder.hpp"

#include "cli/doctor/host_view.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::cli
{

/// A stock Linux 6.12 with SMMU and noiommu mode, uart1 bound to vfio-platform, GEM3 coherent, and
/// one configuration that wants both.
class MadeHost
{
public:
    MadeHost();

    /// Everything is found below it; what systemd and uname say is in it.
    HostView view;

    void write(const std::string& file, const std::string& contents) const
    {
        folder_.write(file, contents);
    }
    void remove(const std::string& path) const;
    void link(const std::string& from, const std::string& to) const;
    /// A property of a node, the path from the root of the device tree.
    void cells(const std::string& property, const std::vector<std::uint32_t>& values) const;
    void strings(const std::string& property, const std::vector<std::string>& values) const;
    /// The kernel's configuration, without the options that are named.
    void kernel_without(const std::vector<std::string>& options) const;
    void parameter(const std::string& module, const std::string& name,
                   const std::string& value) const;

private:
    void make_tree() const;
    void make_devices() const;
    void make_system() const;

    TemporaryFolder folder_;
    std::unique_ptr<plan::Catalogue> catalogue_;
};

} // namespace aliasvm::cli
