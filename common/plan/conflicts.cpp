// SPDX-License-Identifier: Apache-2.0
// Every pair of claims on the guest's address space, and on its interrupt ids.
#include "common/plan/conflicts.hpp"

#include "common/plan/print.hpp"
#include "common/plan/units.hpp"

#include <map>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

/// What its owner can do about a claim that is in the way.
enum class Freedom : std::uint8_t
{
    none,
    address, ///< somebody wrote its address, and can write another
    size,    ///< it is low_memory, which can be less
    line,    ///< a line asks for it, and can be taken out
};

/// A range of the guest's address space, and by whom.
struct Claim
{
    GuestRange range;
    std::string owner;
    SourcePosition at;
    Freedom freedom{};
    bool ram{};
};

void claim_memory(const Config& config, const MemoryLayout& memory, std::vector<Claim>& claims)
{
    for (const Bank& bank : memory.banks)
    {
        if (bank.offset && !memory.example)
            claims.push_back(
                {bank.range, "the host's hugepages", config.memory->at, Freedom::none, true});
        else if (!bank.offset && !bank.dma)
            claims.push_back(
                {bank.range, "low_memory", config.low_memory->at, Freedom::size, true});
        else if (!bank.offset)
            claims.push_back({bank.range, "memory", config.memory->at, Freedom::none, true});
    }
    if (memory.ocm)
        claims.push_back({memory.ocm->range, "on-chip memory", config.ocm.at, Freedom::line, true});
}

std::vector<Claim> all_claims(const Config& config, const Catalogue& catalogue,
                              const MemoryLayout& memory, const std::vector<LocatedAlias>& aliases)
{
    const SourcePosition nowhere{config.file, 0, 0};
    std::vector<Claim> claims{
        {catalogue.gic_distributor(), "the GIC distributor", nowhere, Freedom::none, false},
        {catalogue.gic_cpu_interface(), "the GIC CPU interface", nowhere, Freedom::none, false},
    };
    claim_memory(config, memory, claims);
    for (const LocatedAlias& alias : aliases)
    {
        for (const Window& window : alias.plan.windows)
            claims.push_back({window.guest, "alias " + alias.plan.name, alias.window_at,
                              alias.address_given ? Freedom::address : Freedom::none, false});
    }
    return claims;
}

std::string mend_of(const Claim& blamed, const Claim& other)
{
    constexpr std::uint64_t mib = 1 << 20;
    switch (blamed.freedom)
    {
    case Freedom::address:
        if (other.ram)
            return fmt::format("give it an address from 0x{:08x} on",
                               align_up(other.range.last().value + 1, page_size));
        return "give it another address";
    case Freedom::size:
        if (const std::uint64_t less = other.range.base.value / mib * mib; less != 0)
            return fmt::format("write low_memory = \"{}\" or less", size_text(less));
        return "take the line out";
    case Freedom::line:
        return "take the line out";
    case Freedom::none:
        break;
    }
    return blamed.ram || other.ram ? "have the host keep other memory as hugepages"
                                   : "leave one of the two out";
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
            if (blamed->freedom == Freedom::none && other->freedom != Freedom::none)
                std::swap(blamed, other);
            problems.push_back(
                {blamed->at,
                 fmt::format("{} [{}] overlaps {} [{}]", blamed->owner, range_text(blamed->range),
                             other->owner, range_text(other->range)),
                 mend_of(*blamed, *other)});
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
                                claim.ram
                                    ? std::string{"write less"}
                                    : fmt::format("give it an address below 0x{:x}", space.size)});
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

void check_macs(const std::vector<LocatedAlias>& aliases, Problems& problems)
{
    std::map<MacAddress, std::string> users;
    for (const LocatedAlias& alias : aliases)
    {
        if (!alias.plan.ethernet)
            continue;
        const auto [user, first] = users.emplace(alias.plan.ethernet->mac, alias.plan.name);
        if (!first)
            problems.push_back({alias.mac_at,
                                fmt::format("MAC address {} is given twice: to alias {} and to "
                                            "alias {}",
                                            mac_text(user->first), user->second, alias.plan.name),
                                "give each interface an address of its own"});
    }
}

} // namespace

void check_conflicts(const Config& config, const Catalogue& catalogue, const HostFacts& facts,
                     const MemoryLayout& memory, const std::vector<LocatedAlias>& aliases,
                     Problems& problems)
{
    const std::vector<Claim> claims = all_claims(config, catalogue, memory, aliases);
    check_pairs(claims, problems);
    check_end(claims, facts.cpu.ipa_bits, problems);
    check_lines(aliases, problems);
    check_macs(aliases, problems);
}

} // namespace aliasvm::plan
