// SPDX-License-Identifier: Apache-2.0
// HugepageMemory: RAM of VMs that has a fixed place in physical memory, as files of hugetlbfs.
#pragma once

#include "daemon/ports/fixed_memory.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace aliasvm::daemon
{

/// One file a VM, by its name: the kernel keeps the pages while the file has a name, however many
/// processes die, so the folder is the record of whose RAM is kept. Main thread.
class HugepageMemory : public FixedMemory
{
public:
    /// The physical address of memory that is mapped here.
    using Locate = std::function<HostAddr(const std::byte*)>;

    static constexpr const char* default_folder = "/dev/hugepages/aliasvm";

    /// `folder` is made when it is needed, where hugetlbfs is mounted; `locate` as Pagemap does.
    HugepageMemory(std::filesystem::path folder, Locate locate);

    [[nodiscard]] Grant provide(const VmName& name, std::uint64_t bytes) override;
    [[nodiscard]] std::vector<std::string> kept() const override;
    [[nodiscard]] std::vector<HostRange> pieces(const VmName& name) const override;
    void free(const std::string& name) override;

protected:
    /// The size of a page of the file; throws Error unless the file system is hugetlbfs.
    [[nodiscard]] virtual std::uint64_t page_size_of(int file) const;

private:
    [[nodiscard]] std::vector<HostAddr> pages_of(int file, std::uint64_t bytes,
                                                 std::uint64_t page) const;

    std::filesystem::path folder_;
    Locate locate_;
};

} // namespace aliasvm::daemon
