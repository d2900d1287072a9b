// SPDX-License-Identifier: Apache-2.0
// PrivateBus: a bus of its own for one test program.
#pragma once

#include <sys/types.h>

#include <string>

namespace aliasvm::fakes
{

/// A dbus-daemon that lets every user in, from construction to destruction. Throws Error.
class PrivateBus
{
public:
    PrivateBus();
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    [[nodiscard]] const std::string& address() const noexcept { return address_; }

private:
    std::string folder_;
    std::string address_;
    pid_t daemon_{};
};

} // namespace aliasvm::fakes
