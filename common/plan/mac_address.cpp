// SPDX-License-Identifier: Apache-2.0
// Six octets from a text, and from a hash.
#include "common/plan/mac_address.hpp"

#include <charconv>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::size_t text_size = 17;
constexpr std::uint8_t locally_administered = 0x02;

// FNV-1a, RFC 9923.
constexpr std::uint64_t fnv_offset = 0xcbf2'9ce4'8422'2325;
constexpr std::uint64_t fnv_prime = 0x100'0000'01b3;

constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = fnv_offset)
{
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * fnv_prime;
    return hash;
}

} // namespace

std::optional<MacAddress> parse_mac(std::string_view text)
{
    if (text.size() != text_size)
        return std::nullopt;
    MacAddress mac;
    for (std::size_t index = 0; index < mac.octets.size(); ++index)
    {
        const char* const pair = text.data() + index * 3;
        const auto [stop, error] = std::from_chars(pair, pair + 2, mac.octets[index], 16);
        if (error != std::errc{} || stop != pair + 2)
            return std::nullopt;
        if (index + 1 < mac.octets.size() && pair[2] != ':')
            return std::nullopt;
    }
    return mac;
}

std::string mac_text(const MacAddress& mac)
{
    const auto& [a, b, c, d, e, f] = mac.octets;
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", a, b, c, d, e, f);
}

MacAddress stable_mac(const VmName& vm, std::string_view alias, const std::optional<HostId>& host)
{
    // A VM's name has no slash, so that no two pairs give one text.
    std::uint64_t hash = fnv1a(alias, fnv1a("/", fnv1a(vm.str())));
    if (host)
        hash = fnv1a({reinterpret_cast<const char*>(host->data()), host->size()}, hash);
    MacAddress mac;
    for (std::size_t index = mac.octets.size() - 1; index > 0; --index, hash >>= 8)
        mac.octets[index] = static_cast<std::uint8_t>(hash);
    mac.octets[0] = locally_administered;
    return mac;
}

} // namespace aliasvm::plan
