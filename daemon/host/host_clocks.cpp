// SPDX-License-Identifier: Apache-2.0
// kernel/debug/clk/NAME/clk_rate
#include "daemon/host/host_clocks.hpp"

#include "common/base/file.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace aliasvm::daemon
{

namespace
{

/// A decimal number and a newline; the kernel's unsigned long, of which device trees hold 32 bits.
std::optional<std::uint32_t> rate_in(const std::filesystem::path& file)
{
    const std::string line = first_line(file);
    std::uint32_t hertz = 0;
    const char* const end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data(), end, hertz);
    if (parsed.ec != std::errc{} || parsed.ptr != end || hertz == 0)
        return std::nullopt;
    return hertz;
}

} // namespace

HostClocks::HostClocks(const plan::Catalogue& catalogue, std::filesystem::path sysfs)
    : catalogue_{catalogue}, clocks_{std::move(sysfs) / "kernel/debug/clk"}
{
}

plan::ClockRates HostClocks::rates() const
{
    plan::ClockRates rates;
    for (const plan::Instance& instance : catalogue_.instances())
    {
        for (const plan::Clock& clock : instance.clocks)
        {
            if (!clock.firmware_id || clock.host_name.empty() || rates.contains(*clock.firmware_id))
                continue;
            if (const auto hertz = rate_in(clocks_ / clock.host_name / "clk_rate"))
                rates.emplace(*clock.firmware_id, *hertz);
        }
    }
    return rates;
}

} // namespace aliasvm::daemon
