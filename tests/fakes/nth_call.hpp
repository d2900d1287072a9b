// SPDX-License-Identifier: Apache-2.0
// NthCall: makes one call after the other fail, over several fakes, until none is left untried.
#pragma once

#include "common/base/error.hpp"

#include <optional>
#include <string>

namespace aliasvm::fakes
{

/// Fakes that point at one count the calls that may fail, each in its turn. One thread at a time.
class NthCall
{
public:
    /// The call after `n` others fails with `error`.
    void fail(unsigned n, int error)
    {
        left_ = n;
        error_ = error;
        failed_.clear();
    }
    /// No call fails any more. The words of the one that did, as "set_slot 3"; empty if none did.
    std::string done()
    {
        left_.reset();
        return failed_;
    }

    void check(const std::string& words)
    {
        if (!left_)
            return;
        if (*left_ > 0)
        {
            --*left_;
            return;
        }
        left_.reset();
        failed_ = words;
        throw Error{error_, "fake: {}", words};
    }

private:
    std::optional<unsigned> left_;
    int error_{};
    std::string failed_;
};

} // namespace aliasvm::fakes
