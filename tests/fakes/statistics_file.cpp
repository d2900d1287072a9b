// SPDX-License-Identifier: Apache-2.0
// The layout, field by field.
#include "tests/fakes/statistics_file.hpp"

#include "common/base/error.hpp"

#include <sys/mman.h>

#include <cerrno>

namespace aliasvm::fakes
{

StatisticsFile::StatisticsFile(const std::vector<Statistic>& statistics)
{
    const std::size_t data_at = descriptors_at + statistics.size() * descriptor_size;
    std::size_t values = 0;
    for (const Statistic& statistic : statistics)
        values += statistic.values.size();
    bytes_.resize(data_at + values * sizeof(std::uint64_t));

    put<std::uint32_t>(4, name_size);
    put(8, static_cast<std::uint32_t>(statistics.size()));
    put<std::uint32_t>(12, header_size);
    put<std::uint32_t>(16, descriptors_at);
    put(20, static_cast<std::uint32_t>(data_at));
    std::memcpy(bytes_.data() + header_size, "kvm-1", 5);

    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < statistics.size(); ++i)
    {
        const Statistic& statistic = statistics[i];
        const std::size_t at = descriptors_at + i * descriptor_size;
        put(at, statistic.flags);
        put(at + 6, static_cast<std::uint16_t>(statistic.values.size()));
        put(at + 8, offset);
        std::memcpy(bytes_.data() + at + 16, statistic.name.data(),
                    statistic.name.size() < name_size ? statistic.name.size() : name_size);
        for (const std::uint64_t value : statistic.values)
        {
            put(data_at + offset, value);
            offset += static_cast<std::uint32_t>(sizeof value);
        }
    }
}

UniqueFd StatisticsFile::open() const
{
    UniqueFd file{::memfd_create("statistics", MFD_CLOEXEC)};
    if (!file.ok() ||
        ::write(file.get(), bytes_.data(), bytes_.size()) != static_cast<ssize_t>(bytes_.size()))
        throw Error{errno, "fake: make a file of statistics"};
    return file;
}

} // namespace aliasvm::fakes
