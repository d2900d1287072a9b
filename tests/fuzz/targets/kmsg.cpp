// SPDX-License-Identifier: Apache-2.0
// The kernel's log, a record up to each empty line: what is taken for a fault of an IOMMU.
#include "daemon/host/iommu_fault.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace aliasvm::fuzz
{
namespace
{

using daemon::IommuFault;
using daemon::IommuFaultReader;

std::optional<unsigned> priority(std::string_view record)
{
    unsigned value{};
    const auto parsed = std::from_chars(record.data(), record.data() + record.size(), value);
    return parsed.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

/// The record, as if a user had written it to /dev/kmsg: the kernel makes its facility 1.
std::string by_a_user(std::string_view record)
{
    const std::size_t comma = std::min(record.find_first_not_of("0123456789"), record.size());
    return fmt::format("{}{}", (priority(record).value_or(0) & 7U) | 8U, record.substr(comma));
}

void require_plausible(const IommuFault& fault, std::string_view record)
{
    const auto level = priority(record);
    require(level && *level < 8, "only the kernel tells of faults");
    require(fault.words.starts_with("arm-smmu"), "only an SMMU's driver tells of faults");
    require(record.find(';') != record.npos, "a record has a text");
    require(fault.iommu.find(": ") == std::string::npos, "the SMMU has a name");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm::fuzz;
    Input input{as_text(data, size)};
    IommuFaultReader reader;
    IommuFaultReader among_lies;
    while (!input.empty())
    {
        const std::string_view record = input.up_to("\n\n");
        if (record == "forget")
        {
            reader.forget();
            among_lies.forget();
            continue;
        }
        require(!among_lies.take(by_a_user(record)), "a user tells of no fault");
        const auto fault = reader.take(record);
        require(among_lies.take(record) == fault, "what users write changes nothing");
        if (fault)
            require_plausible(*fault, record);
    }
    return 0;
}
