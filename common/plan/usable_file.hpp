// SPDX-License-Identifier: Apache-2.0
// Whether a file that the configuration names is there and of use.
#pragma once

#include "common/base/problem.hpp"
#include "common/plan/config.hpp"
#include "common/plan/hidden_place.hpp"
#include "common/plan/image.hpp"

#include <string>
#include <system_error>
#include <variant>

#include <fmt/format.h>

namespace aliasvm::plan
{

/// By its facts; if not, there is a problem more, at the key's value. `key` is for its text.
template <class Facts>
[[nodiscard]] bool usable(const char* key, const Located<std::string>& path, const Facts& facts,
                          Problems& problems)
{
    if (const auto* missing = std::get_if<MissingFile>(&facts))
    {
        // As the VM itself finds it; whoever checks before has seen the place (facts/vm_eyes.hpp).
        const auto hidden = hidden_place(path.value);
        problems.push_back(
            {path.at,
             fmt::format("{} {}: {}", key, path.value,
                         std::generic_category().message(missing->error_number)),
             hidden ? fmt::format("a VM does not see {} ({} in vm@.service): put it elsewhere",
                                  hidden->folder, hidden->setting)
                    : "check the path, and that the VM's user may read the file"});
    }
    else if (const auto* fault = std::get_if<ImageFault>(&facts))
        problems.push_back(
            {path.at, fmt::format("{} {} {}", key, path.value, fault->what), fault->mend});
    else
        return true;
    return false;
}

} // namespace aliasvm::plan
