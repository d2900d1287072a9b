// SPDX-License-Identifier: Apache-2.0
// From the process's start to the name on the bus, which comes last.
#include "daemon/daemon.hpp"

#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "daemon/faces/log_control.hpp"
#include "daemon/files/folder_watch.hpp"
#include "daemon/host/fault_watch.hpp"
#include "daemon/host/hugepage_memory.hpp"
#include "daemon/host/linux_device_host.hpp"
#include "daemon/host/pagemap.hpp"
#include "daemon/service.hpp"
#include "daemon/systemd/machined.hpp"
#include "daemon/systemd/systemd_units.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;

namespace
{

/// The broker's socket is systemd's: it outlives this process, so VMMs can connect while the next
/// one starts.
UniqueFd socket_of_systemd()
{
    if (sd_listen_fds(1) != 1 ||
        sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, bus::broker_socket, 0) <= 0)
        throw Error{ENOTCONN, "take over the socket {} from systemd (start aliasvmd.socket)",
                    bus::broker_socket};
    return UniqueFd{SD_LISTEN_FDS_START};
}

/// Tells systemd three times in its interval that the loop turns.
class Watchdog
{
public:
    explicit Watchdog(asio::io_context& io) : timer_{io}
    {
        std::uint64_t allowed = 0;
        if (sd_watchdog_enabled(0, &allowed) > 0)
        {
            interval_ = std::chrono::microseconds{allowed / 3};
            ping();
        }
    }

private:
    void ping()
    {
        sd_notify(0, "WATCHDOG=1");
        timer_.expires_after(interval_);
        timer_.async_wait(
            [this](const boost::system::error_code& cancelled)
            {
                if (!cancelled)
                    ping();
            });
    }

    asio::steady_timer timer_;
    std::chrono::microseconds interval_{};
};

/// The kernel's log, if systemd gave it as the standard input: the unit's sandbox has no other way
/// to it.
std::optional<UniqueFd> kernel_log()
{
    constexpr unsigned mem_major = 1;
    constexpr unsigned kmsg_minor = 11;
    struct stat facts
    {
    };
    if (::fstat(STDIN_FILENO, &facts) != 0 || !S_ISCHR(facts.st_mode) ||
        facts.st_rdev != makedev(mem_major, kmsg_minor))
        return std::nullopt;
    UniqueFd log{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)};
    if (!log.ok())
        return std::nullopt;
    return log;
}

/// Only DMA without an IOMMU asks where memory is, and only then does the unit allow it.
HugepageMemory::Locate locator()
{
    auto pagemap = std::make_shared<Pagemap>();
    give_up_capability(CAP_SYS_ADMIN);
    return [pagemap](const std::byte* memory) { return pagemap->address_of(memory); };
}

class Process
{
public:
    Process(const DaemonOptions& options, FaultPoints& faults)
        : options_{options}, catalogue_{read_file(options.catalogue), options.catalogue},
          connection_{bus::Connection::system(io_)}, units_{std::make_shared<SystemdUnits>(
                                                         io_, connection_)},
          service_{io_,
                   connection_,
                   catalogue_,
                   host_,
                   memory_,
                   *units_,
                   faults,
                   socket_of_systemd(),
                   machine_of_peer,
                   {.configuration_folder = options.configuration_folder,
                    .assignments_file = options.runtime_folder + "/assignments.toml",
                    .settings_file = options.configuration_folder + "/aliasvmd.toml"}},
          log_control_{connection_}, signals_{io_, SIGTERM, SIGINT, SIGHUP}, watchdog_{io_}
    {
        connection_->start(
            [this](int error)
            { fail(fmt::format("the bus is gone: {}", std::generic_category().message(error))); });
        service_.on_machine(
            [this](std::shared_ptr<Machine> machine) {
                asio::co_spawn(io_, register_with_machined(connection_, std::move(machine)),
                               asio::detached);
            });
    }

    int run()
    {
        wait_for_signal();
        asio::co_spawn(io_, start(),
                       [this](const std::exception_ptr& failure)
                       {
                           try
                           {
                               if (failure)
                                   std::rethrow_exception(failure);
                           }
                           catch (const std::exception& error)
                           {
                               fail(fmt::format("start: {}", error.what()));
                           }
                       });
        io_.run();
        sd_notify(0, "STOPPING=1");
        return status_;
    }

private:
    asio::awaitable<void> start()
    {
        co_await units_->subscribe();
        co_await service_.start();
        watch_.emplace(io_, options_.configuration_folder, [this] { service_.reload(); });
        if (auto log = kernel_log())
            fault_watch_.emplace(io_, std::move(*log),
                                 [this](const IommuFault& fault) { service_.stop_for(fault); });
        else
            spdlog::warn("no kernel log on standard input: IOMMU faults will not stop VMs");
        auto call = connection_->new_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                          "org.freedesktop.DBus", "RequestName");
        constexpr std::uint32_t do_not_queue = 4;
        constexpr std::uint32_t primary_owner = 1;
        call.append("su", bus::service_name, do_not_queue);
        bus::Message reply = co_await connection_->call(std::move(call), std::chrono::seconds{25});
        std::uint32_t answer = 0;
        reply.read("u", &answer);
        if (answer != primary_owner)
            throw Error{EBUSY, "own {} on the bus: another daemon has it", bus::service_name};
        sd_notify(0, "READY=1\nSTATUS=serving org.aliasvm1");
    }

    void wait_for_signal()
    {
        signals_.async_wait(
            [this](const boost::system::error_code& failed, int signal)
            {
                if (failed)
                    return;
                if (signal != SIGHUP)
                    return io_.stop();
                service_.reload();
                wait_for_signal();
            });
    }

    void fail(const std::string& why)
    {
        spdlog::error("{}", why);
        status_ = 1;
        io_.stop();
    }

    const DaemonOptions& options_;
    asio::io_context io_{1};
    plan::Catalogue catalogue_;
    LinuxDeviceHost host_;
    HugepageMemory memory_{HugepageMemory::default_folder, locator()};
    std::shared_ptr<bus::Connection> connection_;
    std::shared_ptr<SystemdUnits> units_;
    Service service_;
    LogControl log_control_;
    std::optional<FolderWatch> watch_;
    std::optional<FaultWatch> fault_watch_;
    asio::signal_set signals_;
    Watchdog watchdog_;
    int status_{};
};

} // namespace

int run_daemon(const DaemonOptions& options, FaultPoints& faults)
{
    Process process{options, faults};
    return process.run();
}

} // namespace aliasvm::daemon
