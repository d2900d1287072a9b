// SPDX-License-Identifier: Apache-2.0
// ADaemon: the whole service on a private bus, with fake VMMs, units and devices.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/service.hpp"
#include "tests/fakes/private_bus.hpp"
#include "tests/unit/service/fake_devices.hpp"
#include "tests/unit/service/fake_memory.hpp"
#include "tests/unit/service/fake_units.hpp"
#include "tests/unit/service/fake_vmm.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <gtest/gtest.h>

namespace aliasvm::service
{

/// Fails the step that a test names.
struct Faults final : daemon::FaultPoints
{
    std::string at;
    std::vector<std::string> reached;

    void reach(const char* step) override;
};

/// Machines left, right and third, each with aliases ttc0 and uart0; `left` has ttc1 for its ttc0.
class ADaemon : public testing::Test
{
protected:
    ADaemon();
    ~ADaemon() override;

    void write_config(const std::string& machine, const std::string& aliases,
                      const std::string& more = "");
    [[nodiscard]] std::string read_config(const std::string& machine) const;

    /// Starts the service, and again after it was killed.
    void start_daemon();
    void kill_daemon();
    [[nodiscard]] boost::asio::awaitable<void> reconnect(std::vector<std::string> names);

    /// Whose VMM has connected: `next_identity_`'s, for those of this program.
    [[nodiscard]] virtual std::optional<VmName> identity_of(int socket);

    /// Both loops, once.
    void turn_loops();
    /// Runs the loops until it is done, and throws what it threw.
    void run(boost::asio::awaitable<void> work);
    /// Runs the loops until it holds; fails the test if it does not within half a minute.
    void until(const std::function<bool()>& holds);

    /// A VMM that has come up: its unit is active and it has what it shall have. `registered` is
    /// called before it asks for that.
    FakeVmm& boot(
        const std::string& name, const std::vector<std::string>& aliases = {},
        const std::function<void()>& registered = [] {});
    /// Its process ends and its unit goes down.
    void end(const std::string& name, const std::string& state = "inactive");

    /// Calls the daemon; what came, or "NAME: text" of its error.
    [[nodiscard]] bus::Message new_call(const std::string& path, const char* interface,
                                        const char* member);
    [[nodiscard]] std::string answer(bus::Message call);
    [[nodiscard]] std::string assign(const std::string& device, const std::string& machine,
                                     const std::string& alias,
                                     const std::vector<std::string>& options = {});
    [[nodiscard]] std::string release(const std::string& device,
                                      const std::vector<std::string>& options = {});
    [[nodiscard]] std::string machine(const std::string& name, const char* member);
    /// A property as text: arrays and structures by busctl's way of writing.
    [[nodiscard]] std::string property(const std::string& path, const char* interface,
                                       const char* name);
    [[nodiscard]] std::string device_property(const std::string& device, const char* name);
    [[nodiscard]] std::string machine_property(const std::string& machine, const char* name);
    /// All that a move may change, for "everything is as before".
    [[nodiscard]] std::string snapshot();

    fakes::PrivateBus bus_;
    std::filesystem::path folder_;
    boost::asio::io_context io_; ///< of the test, its client and its VMMs
    /// The daemon's, with all that it is at: both go when it is killed.
    std::unique_ptr<boost::asio::io_context> daemon_io_;
    FakeDevices devices_;
    FakeMemory memory_;
    FakeUnits units_;
    Faults faults_;
    plan::Catalogue catalogue_;
    std::shared_ptr<bus::Connection> client_;
    std::shared_ptr<bus::Connection> server_;
    std::unique_ptr<daemon::Service> service_;
    std::map<std::string, std::shared_ptr<FakeVmm>> vmms_;
    std::string next_identity_;                  ///< of whoever connects next
    std::vector<std::string> come_back_;         ///< VMMs that connect while the daemon starts
    std::chrono::milliseconds return_time_{300}; ///< how long a daemon that starts waits for VMMs
};

} // namespace aliasvm::service
