// SPDX-License-Identifier: Apache-2.0
// kernel/irq/N/{hwirq,chip_name,per_cpu_count}
#include "daemon/host/irq_counter.hpp"

#include "common/base/file.hpp"

#include <charconv>
#include <string>
#include <system_error>

namespace aliasvm::daemon
{

namespace fs = std::filesystem;

namespace
{

/// Other controllers have a line of the same number: GPIO, the PMU's IPI, the PCIe bridge.
bool is_line_of_gic(const fs::path& irq, Spi spi)
{
    return first_line(irq / "hwirq") == std::to_string(spi.intid()) &&
           first_line(irq / "chip_name").starts_with("GIC");
}

/// "12,0,3,0": one for each CPU. Each wraps at 32 bits, as in the kernel.
std::uint64_t sum(const std::string& counts)
{
    std::uint64_t total = 0;
    const char* at = counts.data();
    const char* const end = at + counts.size();
    while (at < end)
    {
        std::uint64_t count = 0;
        const auto parsed = std::from_chars(at, end, count);
        if (parsed.ec != std::errc{})
            break;
        total += count;
        at = parsed.ptr + 1;
    }
    return total;
}

} // namespace

IrqCounter::IrqCounter(fs::path sysfs) : irqs_{std::move(sysfs) / "kernel/irq"} {}

std::uint64_t IrqCounter::count(Spi spi) const
{
    const auto known = last_.find(spi);
    if (known != last_.end() && is_line_of_gic(known->second, spi))
        return sum(first_line(known->second / "per_cpu_count"));
    std::error_code none; // a kernel without it is no reason to fail all other properties
    for (const auto& irq : fs::directory_iterator{irqs_, none})
    {
        if (!is_line_of_gic(irq.path(), spi))
            continue;
        last_[spi] = irq.path();
        return sum(first_line(irq.path() / "per_cpu_count"));
    }
    last_.erase(spi);
    return 0;
}

} // namespace aliasvm::daemon
