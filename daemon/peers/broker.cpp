// SPDX-License-Identifier: Apache-2.0
// Sessions: one connected VMM each.
#include "daemon/peers/broker.hpp"

#include "common/base/error.hpp"
#include "common/bus/connection.hpp"
#include "common/bus/method.hpp"
#include "common/bus/names.hpp"
#include "common/stats/statistics.hpp"
#include "daemon/peers/vmm_peer.hpp"
#include "daemon/systemd/systemd_units.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include <spdlog/spdlog.h>
#include <systemd/sd-login.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;
using bus::NamedError;

namespace
{

/// vCPUs and the VM: a GICv2 has eight at most.
constexpr std::size_t most_statistics = 10;
/// Of those who run in no VM's unit, which get an answer but no device.
constexpr std::ptrdiff_t most_strangers = 8;
constexpr std::chrono::milliseconds accept_pause{100};

using Holding = std::vector<std::pair<std::string, std::string>>;

Holding read_holding(Message& call)
{
    Holding holding;
    const char* alias = nullptr;
    const char* instance = nullptr;
    for (bool any = call.enter('a', "(ss)"); any && call.read_next("(ss)", &alias, &instance);)
        holding.emplace_back(alias, instance);
    call.exit();
    return holding;
}

std::vector<UniqueFd> read_statistics_fds(Message& call)
{
    std::vector<UniqueFd> descriptors;
    if (!call.enter('a', "h"))
        return descriptors;
    while (sd_bus_message_at_end(call.get(), 0) == 0)
    {
        UniqueFd descriptor = call.read_fd();
        if (descriptors.size() < most_statistics && stats::looks_like_statistics(descriptor.get()))
            descriptors.push_back(std::move(descriptor));
    }
    call.exit();
    return descriptors;
}

} // namespace

std::optional<VmName> machine_of_peer(int socket)
{
    char* unit = nullptr;
    if (sd_peer_get_unit(socket, &unit) < 0)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&std::free)> owner{unit, &std::free};
    return machine_of_unit(unit);
}

/// One connection. It becomes a machine's VMM by registering.
class Broker::Session : public std::enable_shared_from_this<Broker::Session>
{
public:
    Session(Broker& broker, std::shared_ptr<bus::Connection> connection,
            std::optional<VmName> identity)
        : broker_{broker}, connection_{std::move(connection)}, identity_{std::move(identity)}
    {
    }

    void start()
    {
        sd_bus_slot* slot = nullptr;
        bus::require(sd_bus_add_object_vtable(connection_->raw(), &slot, bus::root_path,
                                              bus::broker_interface, vtable, this),
                     "offer the broker");
        object_ = bus::Slot{slot};
        connection_->start(
            [weak = weak_from_this()](int)
            {
                if (const auto self = weak.lock())
                    self->broker_.gone(self);
            });
    }

    boost::asio::io_context& executor() { return broker_.io_; }
    void rearm() { connection_->rearm(); }

    void close() { connection_->close(); }

    [[nodiscard]] const std::optional<VmName>& identity() const { return identity_; }
    [[nodiscard]] const std::shared_ptr<Machine>& machine() const { return machine_; }
    [[nodiscard]] const std::shared_ptr<Vmm>& vmm() const { return vmm_; }

private:
    void register_vmm(Message call)
    {
        const std::string name = call.read_string();
        if (!identity_ || identity_->str() != name)
            throw NamedError{bus::error_name::access_denied,
                             "register as machine {}: the caller does not run in vm@{}.service",
                             name, name};
        const Holding holding = read_holding(call);
        for (const auto& [alias, instance] : holding)
            static_cast<void>(broker_.uses_.ownership.require(instance)); // before anything changes
        int paused = 0;
        call.read("b", &paused);
        machine_ = broker_.uses_.machines.of_unit(*identity_).shared_from_this();
        broker_.uses_.machines.refresh(*identity_); // both then plan with the same text
        if (!vmm_) // registering again, once it runs, is no new VMM
            vmm_ = make_vmm();
        if (holding.empty() && machine_->vmm != vmm_)
            machine_->fault.clear(); // a new run
        machine_->statistics = read_statistics_fds(call);
        machine_->paused = paused != 0;
        machine_->vmm = vmm_; // an earlier connection of the same VMM counts no more
        broker_.take_in(*machine_, holding);
        reply_bindings(call);
        broker_.uses_.machines.changed(*machine_);
        if (broker_.on_register_)
            broker_.on_register_(*machine_);
    }

    [[nodiscard]] std::shared_ptr<Vmm> make_vmm()
    {
        const auto on_drop = [weak = weak_from_this()]
        {
            if (const auto self = weak.lock())
                asio::post(self->executor(), [self] { self->broker_.gone(self); });
        };
        return std::make_shared<VmmPeer>(connection_, *identity_, on_drop);
    }

    void reply_bindings(const Message& call)
    {
        Message reply = call.new_reply();
        reply.open('a', "{ss}");
        const auto assigned = broker_.uses_.machines.assignments().of(machine_->name.str());
        for (const auto& [alias, instance] : assigned)
        {
            // Of an alias that the configuration has no more there is nothing to tell.
            if (machine_->alias(alias) != nullptr)
                reply.append("{ss}", alias.c_str(), instance.c_str());
        }
        reply.close().send();
    }

    asio::awaitable<void> acquire(Message call)
    {
        Message kept = call;
        if (!machine_ || machine_->vmm != vmm_)
            throw NamedError{bus::error_name::wrong_state, "register first"};
        const auto machine = machine_;
        const Handover handover =
            co_await broker_.uses_.moves.acquire(machine, vmm_, kept.read_string());
        Message reply = kept.new_reply();
        reply.append("s", handover.instance.c_str()).open('a', "h");
        for (const int descriptor : handover.device->descriptors())
            reply.append("h", descriptor);
        reply.close().send();
    }

    asio::awaitable<void> acquire_memory(Message call)
    {
        Message kept = call;
        if (!machine_ || machine_->vmm != vmm_)
            throw NamedError{bus::error_name::wrong_state, "register first"};
        const auto machine = machine_;
        std::uint64_t bytes = 0;
        kept.read("t", &bytes);
        const FixedMemory::Grant grant = co_await broker_.uses_.ram.acquire(machine, vmm_, bytes);
        Message reply = kept.new_reply();
        reply.open('a', "(tt)");
        for (const HostRange& piece : grant.pieces)
            reply.append("(tt)", piece.base.value, piece.size);
        reply.close().append("h", grant.file.get()).send();
    }

    /// No secret: who may connect may ask.
    void clock_rates(const Message& call)
    {
        Message reply = call.new_reply();
        reply.open('a', "{uu}");
        for (const auto& [firmware_id, hertz] : broker_.uses_.clocks.rates())
            reply.append("{uu}", firmware_id, hertz);
        reply.close().send();
    }

    static const sd_bus_vtable vtable[];

    Broker& broker_;
    std::shared_ptr<bus::Connection> connection_;
    std::optional<VmName> identity_;
    std::shared_ptr<Machine> machine_;
    std::shared_ptr<Vmm> vmm_;
    bus::Slot object_;
};

const sd_bus_vtable Broker::Session::vtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_ARGS("Register",
                            SD_BUS_ARGS("s", name, "a(ss)", holding, "b", paused, "ah", statistics),
                            SD_BUS_RESULT("a{ss}", bindings), bus::method<&Session::register_vmm>,
                            SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("Acquire", SD_BUS_ARGS("s", alias),
                            SD_BUS_RESULT("s", instance, "ah", descriptors),
                            bus::slow_method<&Session::acquire>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("AcquireMemory", SD_BUS_ARGS("t", bytes),
                            SD_BUS_RESULT("a(tt)", banks, "h", memory),
                            bus::slow_method<&Session::acquire_memory>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_METHOD_WITH_ARGS("ClockRates", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{uu}", rates),
                            bus::method<&Session::clock_rates>, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

Broker::Broker(asio::io_context& io, UniqueFd listening, Identify identify, const Uses& uses)
    : io_{io}, identify_{std::move(identify)}, uses_{uses},
      acceptor_{io, asio::local::stream_protocol{}, listening.get()}, pause_{io}
{
    static_cast<void>(listening.release());
}

Broker::~Broker() = default;

void Broker::accept()
{
    acceptor_.async_accept(
        [this](const boost::system::error_code& failed, asio::local::stream_protocol::socket socket)
        {
            if (failed == asio::error::operation_aborted)
                return;
            if (!failed)
            {
                admit(UniqueFd{socket.release()});
                return accept();
            }
            // Out of descriptors, say: at once again would only burn the CPU.
            spdlog::warn("accept a VMM: {}", failed.message());
            pause_.expires_after(accept_pause);
            pause_.async_wait(
                [this](const boost::system::error_code& cancelled)
                {
                    if (!cancelled)
                        accept();
                });
        });
}

void Broker::admit(UniqueFd socket)
{
    try
    {
        const auto identity = identify_(socket.get());
        if (!make_room(identity))
            return spdlog::warn("too many connections to the broker from outside of VMs: one more "
                                "is refused");
        auto session = std::make_shared<Session>(
            *this, bus::Connection::serve_peer(io_, std::move(socket)), identity);
        session->start();
        sessions_.insert(std::move(session));
    }
    catch (const std::exception& error)
    {
        spdlog::warn("greet a VMM: {}", error.what());
    }
}

/// A VM has one session: a newer one takes the place of the older, so that its connections keep
/// nobody else out.
bool Broker::make_room(const std::optional<VmName>& identity)
{
    const auto same = [&identity](const std::shared_ptr<Session>& session)
    { return session->identity() == identity; };
    if (!identity)
        return std::ranges::count_if(sessions_, same) < most_strangers;
    if (const auto older = std::ranges::find_if(sessions_, same); older != sessions_.end())
    {
        const auto session = *older;
        session->close();
        gone(session);
    }
    return true;
}

void Broker::gone(const std::shared_ptr<Session>& session)
{
    if (sessions_.erase(session) == 0 || !session->machine())
        return;
    Machine& machine = *session->machine();
    if (machine.vmm != session->vmm())
        return; // it has connected anew
    machine.vmm.reset();
    machine.statistics.clear();
    machine.paused = false;
    reclaim_all_of(machine);
    uses_.machines.changed(machine);
}

/// What a VMM says that it has, as far as it is believed.
void Broker::take_in(Machine& machine, const Holding& holding)
{
    const std::string& name = machine.name.str();
    for (const auto& [alias, instance_name] : holding)
    {
        const plan::Instance& instance = uses_.ownership.require(instance_name);
        if (uses_.ownership.believable(instance, name, alias))
            uses_.ownership.hand_to(instance, name, alias);
        else
            spdlog::error("{} says that it has {} as {}, which it was not given", name,
                          instance_name, alias);
    }
    // And what it has no more.
    for (const plan::Instance* const instance : uses_.ownership.of(name))
    {
        const auto* const owner = uses_.ownership.owner(*instance);
        if (std::ranges::find(holding, std::pair{owner->alias, instance->name}) == holding.end())
            reclaim(*instance);
    }
}

void Broker::reclaim_all_of(const Machine& machine)
{
    for (const plan::Instance* const instance : uses_.ownership.of(machine.name.str()))
        reclaim(*instance);
}

void Broker::reclaim(const plan::Instance& instance)
{
    uses_.ownership.returning(instance, uses_.ownership.owner(instance)->machine);
    asio::co_spawn(io_, uses_.reconciler.reclaim(instance),
                   [&instance](const std::exception_ptr& failure)
                   {
                       try
                       {
                           if (failure)
                               std::rethrow_exception(failure);
                       }
                       catch (const std::exception& error)
                       {
                           spdlog::error("reclaim {}: {}", instance.name, error.what());
                       }
                   });
}

} // namespace aliasvm::daemon
