// SPDX-License-Identifier: Apache-2.0
// StatisticsFile: binary statistics as KVM lays them out, or as somebody who means harm does.
#pragma once

#include "common/base/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace aliasvm::fakes
{

struct Statistic
{
    static constexpr std::uint32_t cumulative = 0;
    static constexpr std::uint32_t instant = 1;
    static constexpr std::uint32_t peak = 2;
    static constexpr std::uint32_t log_histogram = 4;

    std::string name;
    std::vector<std::uint64_t> values;
    std::uint32_t flags = cumulative;
};

/// Documentation/virt/kvm/api.rst, KVM_GET_STATS_FD: header, id, descriptors, data.
class StatisticsFile
{
public:
    static constexpr std::size_t header_size = 24;
    static constexpr std::size_t name_size = 48;
    static constexpr std::size_t descriptor_size = 16 + name_size;
    static constexpr std::size_t descriptors_at = header_size + name_size;

    explicit StatisticsFile(const std::vector<Statistic>& statistics);

    /// Writes over what is there, as no kernel would.
    template <class T>
    void put(std::size_t at, T value)
    {
        std::memcpy(bytes_.data() + at, &value, sizeof value);
    }
    void resize(std::size_t size) { bytes_.resize(size); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

    /// A file with these bytes. Throws Error.
    [[nodiscard]] UniqueFd open() const;

private:
    std::vector<std::byte> bytes_;
};

} // namespace aliasvm::fakes
