// SPDX-License-Identifier: Apache-2.0
// Every pair of claims on the guest's address space, and on its interrupt ids.
#include "vmm/plan/conflicts.hpp"

#include "vmm/plan/print.hpp"
#include "vmm/plan/units.hpp"

#include <map>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

/// A range of the guest's address space, and by whom.
struct Claim
{
    GuestRange range;
    std::string owner;
    SourcePosition at;
    bool movable{}; ///< somebody wrote its address, and can write another
};

std::vector<Claim> all_claims(const Config& config, const Catalogue& catalogue,
                              const std::vector<LocatedAlias>& aliases)
{
    const SourcePosition nowhere{config.file, 0, 0};
    std::vector<Claim> claims{
        {catalogue.gic_distributor(), "the GIC distributor", nowhere, false},
        {catalogue.gic_cpu_interface(), "the GIC CPU interface", nowhere, false},
    };
    for (const LocatedAlias& alias : aliases)
    {
        for (const Window& window : alias.plan.windows)
            claims.push_back(
                {window.guest, "alias " + alias.plan.name, alias.window_at, alias.address_given});
    }
    return claims;
}

/// RAM grows until it meets the lowest device; an alias that was put into RAM is at fault itself.
void check_memory(const Config& config, const std::vector<Claim>& claims, Problems& problems)
{
    constexpr std::uint64_t mib = 1 << 20;
    const GuestRange memory{{}, config.memory->value};
    const Claim* lowest = nullptr;
    for (const Claim& claim : claims)
    {
        if (!claim.range.overlaps(memory))
            continue;
        if (claim.movable)
            problems.push_back({claim.at,
                                fmt::format("{} [{}] is in RAM [{}]", claim.owner,
                                            range_text(claim.range), range_text(memory)),
                                fmt::format("give it an address from 0x{:08x} on",
                                            align_up(memory.size, page_size))});
        else if (lowest == nullptr || claim.range.base < lowest->range.base)
            lowest = &claim;
    }
    if (lowest != nullptr)
        problems.push_back({config.memory->at,
                            fmt::format("memory [{}] reaches into {} [{}]", range_text(memory),
                                        lowest->owner, range_text(lowest->range)),
                            fmt::format("write memory = \"{}\" or less",
                                        size_text(lowest->range.base.value / mib * mib))});
}

void check_pairs(const std::vector<Claim>& claims, Problems& problems)
{
    for (std::size_t second = 0; second < claims.size(); ++second)
    {
        for (std::size_t first = 0; first < second; ++first)
        {
            const Claim* blamed = &claims[second];
            const Claim* other = &claims[first];
            if (!blamed->range.overlaps(other->range))
                continue;
            if (!blamed->movable && other->movable)
                std::swap(blamed, other);
            problems.push_back(
                {blamed->at,
                 fmt::format("{} [{}] overlaps {} [{}]", blamed->owner, range_text(blamed->range),
                             other->owner, range_text(other->range)),
                 blamed->movable ? "give it another address" : "leave one of the two out"});
        }
    }
}

void check_end(const std::vector<Claim>& claims, unsigned ipa_bits, Problems& problems)
{
    if (ipa_bits >= 64)
        return;
    const GuestRange space{{}, std::uint64_t{1} << ipa_bits};
    for (const Claim& claim : claims)
    {
        if (!space.contains(claim.range.base, claim.range.size))
            problems.push_back({claim.at,
                                fmt::format("{} [{}] is beyond the {} bits of a guest's addresses",
                                            claim.owner, range_text(claim.range), ipa_bits),
                                fmt::format("give it an address below 0x{:x}", space.size)});
    }
}

void check_lines(const std::vector<LocatedAlias>& aliases, Problems& problems)
{
    std::map<Spi, const LocatedAlias*> users;
    for (const LocatedAlias& alias : aliases)
    {
        for (const Line& line : alias.plan.lines)
        {
            const auto [user, first] = users.emplace(line.guest, &alias);
            if (!first)
                problems.push_back(
                    {alias.lines_at,
                     fmt::format("{} is given twice: to alias {} and to alias {}",
                                 spi_text(line.guest), user->second->plan.name, alias.plan.name),
                     "give each line an SPI of its own by the key spis"});
        }
    }
}

} // namespace

void check_conflicts(const Config& config, const Catalogue& catalogue, const HostFacts& facts,
                     const std::vector<LocatedAlias>& aliases, Problems& problems)
{
    const std::vector<Claim> claims = all_claims(config, catalogue, aliases);
    if (config.memory)
        check_memory(config, claims, problems);
    check_pairs(claims, problems);
    check_end(claims, facts.ipa_bits, problems);
    check_lines(aliases, problems);
}

} // namespace aliasvm::plan
