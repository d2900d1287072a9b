// SPDX-License-Identifier: Apache-2.0
// Vmm: the port to the process of a running VM.
#pragma once

#include "common/base/guest_clock.hpp"
#include "common/base/unique_fd.hpp"
#include "common/quiesce/saved_registers.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// The process of a running VM, which may be slow, gone or hostile: every call is bounded in time
/// and throws NamedError or Error.
class Vmm
{
public:
    virtual ~Vmm() = default;

    /// Both give how long the vCPUs stood still. The descriptors are the caller's.
    [[nodiscard]] virtual boost::asio::awaitable<std::chrono::microseconds>
    attach(std::string alias, std::string instance, quiesce::Settings settings,
           std::vector<int> descriptors) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::chrono::microseconds>
    detach(std::string alias) = 0;

    [[nodiscard]] virtual boost::asio::awaitable<void> pause(GuestClock clock) = 0;
    [[nodiscard]] virtual boost::asio::awaitable<void> resume() = 0;
    /// It ends soon after it has replied.
    [[nodiscard]] virtual boost::asio::awaitable<void> reset() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<void> power_off() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<UniqueFd> open_console() = 0;
    [[nodiscard]] virtual boost::asio::awaitable<std::vector<std::byte>> device_tree() = 0;

    /// Nothing is to be heard of it any more: it did not keep its promises.
    virtual void drop() = 0;
};

} // namespace aliasvm::daemon
