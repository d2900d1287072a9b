// SPDX-License-Identifier: Apache-2.0
// What is against what shall be.
#include "daemon/moves/reconciler.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <variant>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
namespace names = bus::error_name;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

/// Between looks at a process that is ending.
constexpr auto reclaim_pause = 20ms;

} // namespace

asio::awaitable<void> Reconciler::reconcile(const plan::Instance& instance)
{
    const auto turn = co_await turn_.take();
    const Place& place = ownership_.place(instance);
    if (const auto* const owner = std::get_if<WithMachine>(&place))
    {
        // A guest that runs loses its device by an act of somebody only: its file is for its next
        // start, and may hold anything by now.
        const Machine* const machine = machines_.find(owner->machine);
        const auto assigned = machines_.assignments().find(owner->machine, owner->alias);
        if (machine == nullptr || !machine->live() || !assigned || *assigned == instance.name)
            co_return;
    }
    else if (std::holds_alternative<Returning>(place) || std::holds_alternative<Blocked>(place))
        co_return;
    auto move = std::make_shared<Move>(Move{instance});
    move->remember = false;
    std::tie(move->to, move->alias) = empty_alias_for(instance);
    if (!move->to && std::holds_alternative<WithHost>(place) && !ownership_.bound(instance))
        co_return; // where it belongs
    if (!move->to && !std::holds_alternative<WithMachine>(place) && awaited(instance))
    {
        if (ownership_.unclaimed(instance))
            co_await keep_at_rest(instance);
        co_return; // it will be asked for
    }
    if (!move->to && std::holds_alternative<WithDaemon>(place))
        co_return ownership_.release(instance); // at rest it is already
    co_await moves_.run(std::move(move));
}

asio::awaitable<void> Reconciler::reclaim(const plan::Instance& instance)
{
    for (;;)
    {
        {
            const auto turn = co_await turn_.take();
            if (!std::holds_alternative<Returning>(ownership_.place(instance)))
                co_return;
            if (co_await keep_at_rest(instance))
                co_return release_unless_awaited(instance);
        }
        co_await pause_for(reclaim_pause);
    }
}

asio::awaitable<void> Reconciler::quiesce(const plan::Instance& instance)
{
    const auto turn = co_await turn_.take();
    if (const WithMachine* const owner = ownership_.owner(instance))
        throw NamedError{names::device_busy, "{} is {}'s, as its {}: release it instead",
                         instance.name, owner->machine, owner->alias};
    if (std::holds_alternative<WithHost>(ownership_.place(instance)) && !ownership_.bound(instance))
        throw NamedError{names::wrong_state, "{} is the host's: there is nothing to bring to rest",
                         instance.name};
    const auto device = co_await ownership_.open(instance, closing_time);
    ownership_.bring_to_rest(instance, device);
    ownership_.keep(instance, device);
    release_unless_awaited(instance);
}

asio::awaitable<void> Reconciler::bring_masters_to_rest()
{
    for (const plan::Instance& instance : catalogue_.instances())
    {
        if (!instance.dma())
            continue;
        co_await moves_.until_free_to_move(instance, nullptr);
        const auto turn = co_await turn_.take();
        if (ownership_.unclaimed(instance))
            co_await keep_at_rest(instance);
    }
}

/// Unless somebody has it, who is then yet to say so.
/// False if a process still has it open.
asio::awaitable<bool> Reconciler::keep_at_rest(const plan::Instance& instance)
{
    std::shared_ptr<vfio::PlatformDevice> device;
    try
    {
        device = co_await ownership_.open(instance, 0ms);
    }
    catch (const NamedError& error)
    {
        if (error.name() != names::device_busy)
            throw;
    }
    if (!device)
        co_return false;
    ownership_.bring_to_rest(instance, device);
    ownership_.keep(instance, device);
    co_return true;
}

void Reconciler::release_unless_awaited(const plan::Instance& instance)
{
    if (!awaited(instance))
        ownership_.release(instance);
}

/// Whether a machine that is up, or comes up, will ask for it.
bool Reconciler::awaited(const plan::Instance& instance)
{
    return std::ranges::any_of(machines_.wanting(instance.name),
                               [](const auto& wanting) { return !wanting.first->unit.down(); });
}

/// Of a running machine behind whose empty alias it shall stand; nobody's if there is none.
std::pair<std::shared_ptr<Machine>, std::string>
Reconciler::empty_alias_for(const plan::Instance& instance)
{
    for (const auto& [machine, alias] : machines_.wanting(instance.name))
    {
        if (machine->live() && ownership_.behind(machine->name.str(), alias) == nullptr)
            return {machine->shared_from_this(), alias};
    }
    return {};
}

} // namespace aliasvm::daemon
