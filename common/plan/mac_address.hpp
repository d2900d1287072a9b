// SPDX-License-Identifier: Apache-2.0
// MacAddress: the name of an Ethernet interface on the wire, and the one that nobody had to choose.
#pragma once

#include "common/base/vm_name.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aliasvm::plan
{

struct MacAddress
{
    std::array<std::uint8_t, 6> octets{};

    friend bool operator==(const MacAddress&, const MacAddress&) = default;
    friend auto operator<=>(const MacAddress&, const MacAddress&) = default;

    /// Of a group of interfaces, so that none can have it.
    [[nodiscard]] bool multicast() const { return (octets[0] & 1U) != 0; }
};

/// "02:a1:00:00:00:07", in either case. Nothing for anything else.
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text);
[[nodiscard]] std::string mac_text(const MacAddress& mac);

/// What tells a host from others, the same for as long as it is installed.
using HostId = std::array<std::uint8_t, 16>;

/// Of the alias of a VM: 02, which is "locally administered", and the low 40 bits of FNV-1a (64
/// bits) over the text "NAME/ALIAS" and, if there is an id, its octets; the highest octet first.
/// That of left's gem0 on no host in particular is 02:82:26:5c:29:fc. It never changes: switches,
/// DHCP servers and firewalls remember it.
[[nodiscard]] MacAddress stable_mac(const VmName& vm, std::string_view alias,
                                    const std::optional<HostId>& host);

} // namespace aliasvm::plan
