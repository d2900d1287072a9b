// SPDX-License-Identifier: Apache-2.0
// SystemdUnits: VMs as units of systemd, over D-Bus.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/async/turn.hpp"
#include "daemon/ports/units.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace aliasvm::daemon
{

/// org.freedesktop.systemd1(5). Jobs are waited for by JobRemoved; facts are what PropertiesChanged
/// of the units says, and are read anew where they say that one is down. By GetUnit first: systemd
/// forgets a unit that is down, and loads it again for whoever asks for its properties by path,
/// which is a change that it tells everybody about. Main thread.
class SystemdUnits final : public Units, public std::enable_shared_from_this<SystemdUnits>
{
public:
    explicit SystemdUnits(boost::asio::io_context& io, std::shared_ptr<bus::Connection> connection);

    /// Asks for systemd's signals. Throws NamedError if it is not there.
    [[nodiscard]] boost::asio::awaitable<void> subscribe();

    void on_change(OnChange call) override { on_change_ = std::move(call); }
    [[nodiscard]] boost::asio::awaitable<std::vector<VmName>> running() override;
    [[nodiscard]] boost::asio::awaitable<std::string> start(VmName name) override;
    [[nodiscard]] boost::asio::awaitable<std::string> stop(VmName name) override;

    /// Handlers of signals.
    void job_removed(bus::Message signal);
    void properties_changed(bus::Message signal);

private:
    [[nodiscard]] boost::asio::awaitable<std::string> job(const char* method, VmName name);
    [[nodiscard]] boost::asio::awaitable<void> read(VmName name);
    void refresh(const VmName& name);
    [[nodiscard]] boost::asio::awaitable<void> keep_reading(VmName name);

    boost::asio::io_context& io_;
    std::shared_ptr<bus::Connection> connection_;
    OnChange on_change_;
    Condition jobs_changed_;
    unsigned waiting_{};                         ///< for jobs
    std::map<std::string, std::string> results_; ///< of jobs that went while somebody waits
    std::map<std::string, UnitFacts> facts_;     ///< by machine: what was told last
    std::map<std::string, bool> reading_;        ///< by machine: true if it changed meanwhile
    std::vector<bus::Slot> matches_;
};

/// "vm@left.service" and back.
[[nodiscard]] std::string unit_of(const VmName& name);
[[nodiscard]] std::optional<VmName> machine_of_unit(std::string_view unit);

} // namespace aliasvm::daemon
