// SPDX-License-Identifier: Apache-2.0
// Faults: lets a test make chosen calls of a fake fail.
#pragma once

#include "common/base/error.hpp"

#include <map>
#include <string_view>

namespace aliasvm::fakes
{

/// One failure per order. Not locked: the fake that owns it is.
template <class Call>
class Faults
{
public:
    /// The next call of `call` fails with `error`, after `skip` that succeed.
    void fail(Call call, int error, unsigned skip = 0) { planned_[call] = {error, skip}; }

    /// Throws if the call is to fail.
    void check(Call call, std::string_view act)
    {
        const auto found = planned_.find(call);
        if (found == planned_.end())
            return;
        if (found->second.skip > 0)
        {
            --found->second.skip;
            return;
        }
        const int error = found->second.error;
        planned_.erase(found);
        throw Error{error, "fake: {}", act};
    }

private:
    struct Plan
    {
        int error;
        unsigned skip;
    };
    std::map<Call, Plan> planned_;
};

} // namespace aliasvm::fakes
