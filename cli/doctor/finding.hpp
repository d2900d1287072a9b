// SPDX-License-Identifier: Apache-2.0
// Finding: what one check of the host found, and what to do about it.
#pragma once

#include <cstdint>
#include <string>

namespace aliasvm::cli
{

enum class Verdict : std::uint8_t
{
    ok,
    warn,    ///< works, but not all of it, or not safely
    fail,    ///< no VM, or none with a device, will work
    unknown, ///< could not be looked at; `what` says why
};

/// `mend` is exact: a line of a file or of the kernel command line, a property of the device tree,
/// a command. Empty where there is nothing to do.
struct Finding
{
    Verdict verdict{};
    std::string what;
    std::string mend{};
};

[[nodiscard]] inline Finding ok(std::string what)
{
    return {Verdict::ok, std::move(what), {}};
}
[[nodiscard]] inline Finding warn(std::string what, std::string mend)
{
    return {Verdict::warn, std::move(what), std::move(mend)};
}
[[nodiscard]] inline Finding fail(std::string what, std::string mend)
{
    return {Verdict::fail, std::move(what), std::move(mend)};
}
[[nodiscard]] inline Finding unknown(std::string why)
{
    return {Verdict::unknown, std::move(why), {}};
}

} // namespace aliasvm::cli
