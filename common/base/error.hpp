// SPDX-License-Identifier: Apache-2.0
// Error: a failed act of set-up or control, told by the act and the object.
#pragma once

#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace aliasvm
{

/// Thrown by set-up and control code, never on a path that a guest drives. what() reads
/// "map region 0 of ff010000.serial: Device or resource busy"; code() is the errno.
class Error : public std::system_error
{
public:
    template <class... Args>
    explicit Error(int error_number, fmt::format_string<Args...> act, Args&&... args)
        : std::system_error{error_number, std::generic_category(),
                            fmt::format(act, std::forward<Args>(args)...)}
    {
    }
};

} // namespace aliasvm
