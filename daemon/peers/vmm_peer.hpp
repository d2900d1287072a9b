// SPDX-License-Identifier: Apache-2.0
// VmmPeer: a VMM at the other end of the broker's socket.
#pragma once

#include "common/base/vm_name.hpp"
#include "common/bus/connection.hpp"
#include "daemon/ports/vmm.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::daemon
{

/// Calls are bounded: a VMM that does not answer is an error by the name of Timeout. One that goes
/// before it answers is one by the name of NoReply in attach() and detach(), which moves make of it
/// what they know; elsewhere WrongState, which whoever asked on the bus can be told as it is: by
/// NoReply they would take the daemon for gone.
class VmmPeer final : public Vmm
{
public:
    using OnDrop = std::function<void()>;

    VmmPeer(std::shared_ptr<bus::Connection> connection, const VmName& name, OnDrop on_drop);

    [[nodiscard]] boost::asio::awaitable<std::chrono::microseconds>
    attach(std::string alias, std::string instance, quiesce::Settings settings,
           std::vector<int> descriptors) override;
    [[nodiscard]] boost::asio::awaitable<std::chrono::microseconds>
    detach(std::string alias) override;
    [[nodiscard]] boost::asio::awaitable<void> pause(GuestClock clock) override;
    [[nodiscard]] boost::asio::awaitable<void> resume() override;
    [[nodiscard]] boost::asio::awaitable<void> reset() override;
    [[nodiscard]] boost::asio::awaitable<void> power_off() override;
    [[nodiscard]] boost::asio::awaitable<UniqueFd> open_console() override;
    [[nodiscard]] boost::asio::awaitable<std::vector<std::byte>> device_tree() override;
    void drop() override;

private:
    [[nodiscard]] bus::Message new_call(const char* interface, const char* member) const;
    [[nodiscard]] boost::asio::awaitable<bus::Message> machine(const char* member);
    [[nodiscard]] boost::asio::awaitable<bus::Message> asked(bus::Message call);

    std::shared_ptr<bus::Connection> connection_;
    std::string name_;
    std::string path_;
    OnDrop on_drop_;
};

} // namespace aliasvm::daemon
