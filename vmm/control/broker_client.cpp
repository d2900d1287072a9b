// SPDX-License-Identifier: Apache-2.0
// Registering, asking for devices, and coming back to a daemon that was gone.
#include "vmm/control/broker_client.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/plan/units.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace aliasvm::control
{

namespace asio = boost::asio;
namespace error_name = bus::error_name;
using boost::system::error_code;
using bus::Message;
using bus::NamedError;

namespace
{

using ConnectionPtr = std::shared_ptr<bus::Connection>;

/// The timeout of sd-bus counts from the end of the greeting; a daemon that accepts and says
/// nothing would have us wait for that without end.
asio::awaitable<Message> call_within(asio::io_context& loop, ConnectionPtr connection, Message call,
                                     std::chrono::milliseconds patience)
{
    asio::steady_timer limit{loop, patience};
    limit.async_wait(
        [connection](error_code cancelled)
        {
            if (!cancelled)
                connection->close();
        });
    co_return co_await connection->call(std::move(call), patience);
}

} // namespace

class BrokerClient::Impl : public std::enable_shared_from_this<Impl>
{
public:
    Impl(asio::io_context& loop, const VmName& name, Connect connect, Pace pace)
        : loop_{loop}, name_{name}, connect_{std::move(connect)}, pace_{pace},
          delay_{pace.first_retry}, retry_{loop}
    {
    }

    BindingMap enrol();
    plan::ClockRates clock_rates();
    Hugepages acquire_memory(std::uint64_t bytes);
    Device acquire(const std::string& alias);
    void serve(Describe describe, Offer offer);
    void close();

private:
    void use(UniqueFd socket);
    Message wait_for(Message call, const std::string& what);
    void on_lost(int error_number);
    void retry_later();
    void connect_again();
    static asio::awaitable<void> tell(std::shared_ptr<Impl> self, ConnectionPtr connection);
    static asio::awaitable<void> introduce(std::shared_ptr<Impl> self);
    static asio::awaitable<void> announce(std::shared_ptr<Impl> self);
    void note_refusal(const std::string& why);

    asio::io_context& loop_;
    VmName name_;
    Connect connect_;
    Pace pace_;
    Describe describe_;
    Offer offer_;
    ConnectionPtr connection_;
    std::chrono::milliseconds delay_; ///< until the next attempt
    asio::steady_timer retry_;
    bool serving_{};
    bool announcing_{}; ///< a registration is under way, which says itself when it has failed
    bool refusal_told_{};
};

void BrokerClient::Impl::use(UniqueFd socket)
{
    connection_ = bus::Connection::peer(loop_, std::move(socket));
    if (offer_)
        offer_(connection_);
    connection_->start(
        [weak = weak_from_this()](int error_number)
        {
            if (const auto self = weak.lock())
                self->on_lost(error_number);
        });
}

// ---- before there is a machine ---------------------------------------------------------------

/// Runs the loop, instead of a blocking sd_bus_call(), which knows no limit for the greeting and
/// strands what else it reads.
Message BrokerClient::Impl::wait_for(Message call, const std::string& what)
{
    struct Outcome
    {
        std::exception_ptr failure;
        std::optional<Message> reply;
    };
    const auto outcome = std::make_shared<Outcome>();
    loop_.restart(); // it may have had nothing to do
    asio::co_spawn(loop_, call_within(loop_, connection_, std::move(call), pace_.patience),
                   [outcome](std::exception_ptr failure, Message reply)
                   {
                       outcome->failure = failure;
                       outcome->reply = std::move(reply);
                   });
    while (!outcome->reply && loop_.run_one() != 0)
    {
    }
    if (!outcome->reply)
        throw Refusal{ExitStatus::failure,
                      fmt::format("{}: stopped before aliasvmd answered", what)};
    try
    {
        if (outcome->failure)
            std::rethrow_exception(outcome->failure);
    }
    catch (const NamedError& error)
    {
        if (error.name() == error_name::no_reply)
            throw Refusal{ExitStatus::failure,
                          fmt::format("{}: aliasvmd does not answer: {}", what, error.what())};
        throw Refusal{status_of_refusal(error.name()),
                      fmt::format("{}: aliasvmd refuses: {}", what, error.what())};
    }
    return std::move(*outcome->reply);
}

BindingMap BrokerClient::Impl::enrol()
{
    use(connect_());
    const std::string what = fmt::format("register {}", name_.str());
    return read_bindings(wait_for(register_call(*connection_, name_, {}), what));
}

plan::ClockRates BrokerClient::Impl::clock_rates()
{
    return read_clock_rates(wait_for(clock_rates_call(*connection_),
                                     fmt::format("ask for clock rates for {}", name_.str())));
}

Hugepages BrokerClient::Impl::acquire_memory(std::uint64_t bytes)
{
    return read_hugepages(
        wait_for(acquire_memory_call(*connection_, bytes),
                 fmt::format("get {} of hugepages for {}", plan::size_text(bytes), name_.str())),
        bytes);
}

Device BrokerClient::Impl::acquire(const std::string& alias)
{
    return read_device(
        wait_for(acquire_call(*connection_, alias),
                 fmt::format("get the device for alias {} of {}", alias, name_.str())));
}

// ---- beside the machine ----------------------------------------------------------------------

void BrokerClient::Impl::serve(Describe describe, Offer offer)
{
    describe_ = std::move(describe);
    offer_ = std::move(offer);
    serving_ = true;
    if (connection_->lost())
        return on_lost(ECONNRESET); // while the machine was being made
    offer_(connection_);
    connection_->rearm();
    announcing_ = true;
    asio::co_spawn(loop_, introduce(shared_from_this()), asio::detached);
}

/// There is more to tell of a machine that is there than of one to be. A daemon that does not want
/// to hear it has heard the rest.
asio::awaitable<void> BrokerClient::Impl::introduce(std::shared_ptr<Impl> self)
{
    const ConnectionPtr connection = self->connection_;
    try
    {
        co_await tell(self, connection);
    }
    catch (const std::exception& error)
    {
        if (self->serving_ && !connection->lost())
            spdlog::warn("aliasvmd does not take the statistics of {}: {}", self->name_.str(),
                         error.what());
    }
    self->announcing_ = false;
    if (connection->lost())
        self->on_lost(ECONNRESET);
}

void BrokerClient::Impl::on_lost(int error_number)
{
    if (!serving_ || announcing_)
        return;
    spdlog::warn("aliasvmd is gone ({}); the guest runs on",
                 std::generic_category().message(error_number));
    delay_ = pace_.first_retry;
    retry_later();
}

void BrokerClient::Impl::retry_later()
{
    retry_.expires_after(delay_);
    delay_ = std::min(2 * delay_, pace_.slowest_retry);
    retry_.async_wait(
        [weak = weak_from_this()](error_code cancelled)
        {
            if (const auto self = weak.lock(); self && !cancelled)
                self->connect_again();
        });
}

void BrokerClient::Impl::connect_again()
{
    try
    {
        use(connect_());
    }
    catch (const Error&)
    {
        return retry_later(); // nobody is there yet, which was told when the connection was lost
    }
    announcing_ = true;
    asio::co_spawn(loop_, announce(shared_from_this()), asio::detached);
}

/// Registers. sd-bus sends no descriptors before the other side has greeted, and waits for that in
/// sd_bus_send() itself, for up to 90 s; a daemon that is being restarted greets when it is up. So
/// something without descriptors, which sd-bus answers by itself, goes ahead.
asio::awaitable<void> BrokerClient::Impl::tell(std::shared_ptr<Impl> self, ConnectionPtr connection)
{
    Message ping =
        connection->new_call(nullptr, bus::root_path, "org.freedesktop.DBus.Peer", "Ping");
    co_await call_within(self->loop_, connection, std::move(ping), self->pace_.patience);
    if (!self->serving_)
        co_return;
    Message call = register_call(*connection, self->name_, self->describe_());
    co_await call_within(self->loop_, connection, std::move(call), self->pace_.patience);
}

asio::awaitable<void> BrokerClient::Impl::announce(std::shared_ptr<Impl> self)
{
    const ConnectionPtr connection = self->connection_;
    try
    {
        co_await tell(self, connection);
        self->announcing_ = false;
        self->refusal_told_ = false;
        if (self->serving_)
            spdlog::info("registered with aliasvmd again");
        if (connection->lost())
            self->on_lost(ECONNRESET); // just now
        co_return;
    }
    catch (const NamedError& error)
    {
        if (self->serving_ && error.name() != error_name::no_reply)
            self->note_refusal(error.what());
    }
    catch (const std::exception& error)
    {
        if (self->serving_)
            self->note_refusal(error.what());
    }
    self->announcing_ = false;
    connection->close();
    if (self->serving_)
        self->retry_later();
}

void BrokerClient::Impl::note_refusal(const std::string& why)
{
    delay_ = pace_.slowest_retry;
    if (!std::exchange(refusal_told_, true))
        spdlog::error("aliasvmd does not take {} back: {}; the guest runs on, and this is tried "
                      "again every {} ms",
                      name_.str(), why, delay_.count());
}

void BrokerClient::Impl::close()
{
    serving_ = false;
    retry_.cancel();
    if (connection_)
        connection_->close();
}

BrokerClient::BrokerClient(asio::io_context& loop, const VmName& name, Connect connect, Pace pace)
    : impl_{std::make_shared<Impl>(loop, name, std::move(connect), pace)}
{
}

BrokerClient::~BrokerClient()
{
    impl_->close();
}

BindingMap BrokerClient::enrol()
{
    return impl_->enrol();
}

plan::ClockRates BrokerClient::clock_rates()
{
    return impl_->clock_rates();
}

Hugepages BrokerClient::acquire_memory(std::uint64_t bytes)
{
    return impl_->acquire_memory(bytes);
}

Device BrokerClient::acquire(const std::string& alias)
{
    return impl_->acquire(alias);
}

void BrokerClient::serve(Describe describe, Offer offer)
{
    impl_->serve(std::move(describe), std::move(offer));
}

} // namespace aliasvm::control
