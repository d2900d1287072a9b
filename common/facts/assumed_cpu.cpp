// SPDX-License-Identifier: Apache-2.0
// By sysfs, where the kernel lists whom it can count events with.
#include "common/facts/assumed_cpu.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <string_view>
#include <system_error>

namespace aliasvm::facts
{

namespace
{

constexpr const char* of_this_host = "/sys/bus/event_source/devices";

bool on_arm64()
{
    utsname host{};
    return ::uname(&host) == 0 && std::string_view{host.machine} == "aarch64";
}

} // namespace

bool has_armv8_pmu(const std::filesystem::path& event_sources)
{
    std::error_code error;
    const std::filesystem::directory_iterator folder{event_sources, error};
    return !error && std::any_of(begin(folder), end(folder),
                                 [](const std::filesystem::directory_entry& entry) {
                                     return entry.path().filename().native().starts_with("armv8_");
                                 });
}

plan::CpuFacts assumed_cpu()
{
    return {plan::a53_ipa_bits, !on_arm64() || has_armv8_pmu(of_this_host)};
}

} // namespace aliasvm::facts
