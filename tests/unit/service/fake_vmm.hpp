// SPDX-License-Identifier: Apache-2.0
// FakeVmm: the VMM's end of the peer protocol, on the test's own loop.
#pragma once

#include "common/base/vm_name.hpp"
#include "common/bus/connection.hpp"
#include "tests/unit/service/fake_devices.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace aliasvm::service
{

/// Keeps the fake devices' word on who has what open, as the kernel would.
class FakeVmm : public std::enable_shared_from_this<FakeVmm>
{
public:
    FakeVmm(boost::asio::io_context& io, FakeDevices& devices, VmName name);

    /// Connects to the broker's socket, registers with what it holds, and serves calls.
    [[nodiscard]] boost::asio::awaitable<void> connect(std::string socket);
    /// Registers under another name.
    [[nodiscard]] boost::asio::awaitable<void> claim(std::string name);
    [[nodiscard]] boost::asio::awaitable<void> acquire(std::string alias);
    /// Where its RAM is, "0x10000000+0x200000 …".
    [[nodiscard]] boost::asio::awaitable<std::string> acquire_memory(std::uint64_t bytes);
    /// The process is gone: its connection and all that it had open.
    void die();
    /// Only the connection.
    void lose_connection();

    boost::asio::io_context& executor() { return io_; }
    void rearm() { connection_->rearm(); }

    std::map<std::string, std::string> holding; ///< alias: instance
    std::map<std::string, std::string> bindings;
    std::vector<std::string> calls; ///< "attach ttc0 ttc1"
    bool paused{};
    bool silent{};           ///< answers nothing
    std::string refuse_next; ///< the next call of this member fails
    std::function<void()> on_end;
    std::function<void()> on_detach; ///< before it replies
    std::function<void()> on_pause;  ///< before it replies

private:
    void attach(bus::Message call);
    void detach(bus::Message call);
    void pause(bus::Message call);
    void pause_with_options(bus::Message call);
    void resume(bus::Message call);
    void end(bus::Message call);
    void open_console(bus::Message call);
    void device_tree(bus::Message call);
    bool note(const char* member, const std::string& words);

    static const sd_bus_vtable aliases_vtable[];
    static const sd_bus_vtable machine_vtable[];

    boost::asio::io_context& io_;
    FakeDevices& devices_;
    VmName name_;
    std::shared_ptr<bus::Connection> connection_;
    std::vector<bus::Slot> objects_;
    std::vector<bus::Message> unanswered_;
    std::map<std::string, quiesce::SavedRegisters> left_; ///< by instance, when it was detached
};

} // namespace aliasvm::service
