// SPDX-License-Identifier: Apache-2.0
// FakeMemory: RAM that stays, as the kernel keeps it: beyond the daemon's life.
#pragma once

#include "common/base/error.hpp"
#include "daemon/ports/fixed_memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace aliasvm::service
{

class FakeMemory final : public daemon::FixedMemory
{
public:
    std::map<std::string, std::uint64_t> files; ///< bytes by VM
    std::vector<std::string> acts;              ///< "provide left", "free left"

    [[nodiscard]] Grant provide(const VmName& name, std::uint64_t bytes) override
    {
        if (!files.emplace(name.str(), bytes).second)
            throw Error{EEXIST, "fake: make the RAM of {}", name.str()};
        acts.push_back("provide " + name.str());
        UniqueFd file{::memfd_create("fake", MFD_CLOEXEC)};
        return {pieces(name), std::move(file)};
    }
    [[nodiscard]] std::vector<HostRange> pieces(const VmName& name) const override
    {
        const auto file = files.find(name.str());
        if (file == files.end())
            return {};
        const std::uint64_t first = file->second / 2;
        return {{HostAddr{0x1000'0000}, first}, {HostAddr{0x4000'0000}, file->second - first}};
    }
    [[nodiscard]] std::vector<std::string> kept() const override
    {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : files)
            names.push_back(name);
        return names;
    }
    void free(const std::string& name) override
    {
        acts.push_back("free " + name);
        files.erase(name);
    }
};

} // namespace aliasvm::service
