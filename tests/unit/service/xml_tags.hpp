// SPDX-License-Identifier: Apache-2.0
// The tags of an introspection document: as much XML as that has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::service
{

/// Every tag from "<" to ">", white space in it made one blank. Text between tags is left out.
[[nodiscard]] std::vector<std::string> tags_of(std::string_view xml);

/// Those from an interface's tag to its end, both included; none if it is not there.
[[nodiscard]] std::vector<std::string> interface_tags(std::string_view xml,
                                                      const std::string& interface);

/// "" if it has none.
[[nodiscard]] std::string attribute(std::string_view tag, const std::string& name);

} // namespace aliasvm::service
