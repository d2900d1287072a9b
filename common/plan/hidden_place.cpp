// SPDX-License-Identifier: Apache-2.0
// What the sandbox of systemd/vm@.service hides (systemd.exec(5)), less what no image would be in.
#include "common/plan/hidden_place.hpp"

#include <algorithm>
#include <array>

namespace aliasvm::plan
{

namespace
{

constexpr std::array places{
    HiddenPlace{"/home", "ProtectHome="},
    HiddenPlace{"/root", "ProtectHome="},
    HiddenPlace{"/run/user", "ProtectHome="},
    HiddenPlace{"/tmp", "PrivateTmp=, which is of DynamicUser="},
    HiddenPlace{"/var/tmp", "PrivateTmp=, which is of DynamicUser="},
    HiddenPlace{"/lib/modules", "ProtectKernelModules="},
    HiddenPlace{"/usr/lib/modules", "ProtectKernelModules="},
};

} // namespace

std::optional<HiddenPlace> hidden_place(std::string_view path)
{
    const auto* const found = std::ranges::find_if(places,
                                                   [path](const HiddenPlace& place)
                                                   {
                                                       return path.starts_with(place.folder) &&
                                                              (path.size() == place.folder.size() ||
                                                               path[place.folder.size()] == '/');
                                                   });
    return found == places.end() ? std::nullopt : std::optional{*found};
}

} // namespace aliasvm::plan
