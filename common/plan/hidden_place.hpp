// SPDX-License-Identifier: Apache-2.0
// Folders that the unit of a VM does not show to it.
#pragma once

#include <optional>
#include <string_view>

namespace aliasvm::plan
{

struct HiddenPlace
{
    std::string_view folder;
    std::string_view setting; ///< of vm@.service, by which it is hidden
};

/// The one that an absolute path is in or is, by its text alone. Where a link leads is not looked
/// at here.
[[nodiscard]] std::optional<HiddenPlace> hidden_place(std::string_view path);

} // namespace aliasvm::plan
