// SPDX-License-Identifier: Apache-2.0
// From what is asked for to the steps. None of them waits for a person, and each is bounded in
// time.
#include "daemon/moves/moves.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "daemon/moves/binding_record.hpp"
#include "daemon/moves/checks.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
namespace names = bus::error_name;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

/// For a VM that comes up, or an instance that comes back, before it is an error.
constexpr auto longest_wait = 20'000ms;

/// Refusals that need no step to be understood.
bool speaks_for_itself(const std::string& name)
{
    return name != bus::error_name::failed && name != bus::error_name::no_reply;
}

[[noreturn]] void rethrow_with_step(const std::exception_ptr& failure, const Move& move,
                                    const std::string& not_undone)
{
    const std::string outcome =
        not_undone.empty() ? "everything is as before" : "NOT as before: " + not_undone;
    try
    {
        std::rethrow_exception(failure);
    }
    catch (const NamedError& error)
    {
        if (speaks_for_itself(error.name()) && not_undone.empty())
            throw;
        throw NamedError{names::step_failed, "{}: step {}: {}; {}", move.text(),
                         move.step,          error.what(),          outcome};
    }
    catch (const std::exception& error)
    {
        throw NamedError{names::step_failed, "{}: step {}: {}; {}", move.text(),
                         move.step,          error.what(),          outcome};
    }
}

void note_pause(Machine& machine, std::chrono::microseconds pause)
{
    machine.last_pause = pause;
    machine.longest_pause = std::max(machine.longest_pause, pause);
}

/// The error that is under way is the one to be told; this one is for the log.
void release_after_failure(Ownership& ownership, const plan::Instance& instance)
{
    try
    {
        ownership.release(instance);
    }
    catch (const std::exception& error)
    {
        spdlog::error("give {} back to the host: {}", instance.name, error.what());
    }
}

} // namespace

asio::awaitable<void> Moves::assign(const plan::Instance& instance, std::string machine,
                                    std::string alias, MoveOptions options)
{
    const auto to = machines_.require(machine).shared_from_this();
    auto move = std::make_shared<Move>(Move{instance});
    move->to = to;
    move->alias = std::move(alias);
    move->persistent = options.persistent;
    move->force = options.force;
    co_await until_free_to_move(instance, to);
    const auto turn = co_await turn_.take();
    co_await run(std::move(move));
}

asio::awaitable<void> Moves::release(const plan::Instance& instance, MoveOptions options)
{
    auto move = std::make_shared<Move>(Move{instance});
    move->persistent = options.persistent;
    co_await until_free_to_move(instance, nullptr);
    const auto turn = co_await turn_.take();
    co_await run(std::move(move));
}

asio::awaitable<Handover> Moves::acquire(std::shared_ptr<Machine> machine,
                                         std::shared_ptr<Vmm> asking, std::string alias)
{
    const plan::Instance& instance = ownership_.require(machines_.wanted(*machine, alias));
    static_cast<void>(machines_.plan(*machine, alias, instance.name));
    require_present(host_, instance);
    co_await until_free_to_move(instance, nullptr);
    const auto turn = co_await turn_.take();
    if (const WithMachine* const owner = ownership_.owner(instance))
        throw NamedError{names::device_busy, "{} is {}'s, as its {}: assign or release it first",
                         instance.name, owner->machine, owner->alias};
    const bool at_rest = ownership_.at_rest(instance);
    const bool was_bound = host_.bound(instance);
    ownership_.bind(instance, machines_.assignments().forced(machine->name.str(), alias)
                                  ? Force::yes
                                  : Force::no);
    try
    {
        require_reach(host_, machines_, *machine, alias, instance);
        auto device = co_await ownership_.open(instance, closing_time);
        if (!at_rest)
            ownership_.bring_to_rest(instance, device);
        if (machine->vmm != asking)
        {
            ownership_.keep(instance, device);
            throw NamedError{names::wrong_state, "{} is gone", machine->name.str()};
        }
        ownership_.hand_to(instance, machine->name.str(), alias);
        co_return Handover{instance.name, std::move(device)};
    }
    catch (...)
    {
        // Here the device is closed, unless it is kept at rest or blocked: those stay.
        if (!was_bound && ownership_.unclaimed(instance))
            release_after_failure(ownership_, instance);
        throw;
    }
}

asio::awaitable<void> Moves::until_free_to_move(const plan::Instance& instance,
                                                std::shared_ptr<Machine> to)
{
    const auto free = [&]
    {
        return !std::holds_alternative<Returning>(ownership_.place(instance)) &&
               !(to && to->starting());
    };
    if (co_await machines_.condition().until(free, longest_wait))
        co_return;
    if (const auto* const returning = std::get_if<Returning>(&ownership_.place(instance)))
        throw NamedError{names::device_busy,
                         "{} is still open in the process that {} had: see systemctl status vm@{}",
                         instance.name, returning->from, returning->from};
    throw NamedError{names::wrong_state, "{} is still starting", to->name.str()};
}

asio::awaitable<void> Moves::run(std::shared_ptr<Move> move)
{
    std::exception_ptr failure;
    try
    {
        co_await step_through(move);
    }
    catch (...)
    {
        failure = std::current_exception();
    }
    if (!failure)
    {
        move->undo = {}; // its acts hold the move, and that the device open
        co_return;
    }
    const std::string not_undone = co_await move->undo.run();
    machines_.condition().notify_all();
    rethrow_with_step(failure, *move, not_undone);
}

void Moves::begin(Move& move, const char* step)
{
    move.step = step;
    faults_.reach(step);
}

asio::awaitable<void> Moves::step_through(std::shared_ptr<Move> move)
{
    begin(*move, step::check);
    check(host_, machines_, ownership_, *move);
    const bool attaches = move->to && move->to->live();
    const bool stays = attaches && move->from == move->to && move->from_alias == move->alias;
    if (attaches && !stays && !move->from)
        bind(move);
    if (attaches)
        require_reach(host_, machines_, *move->to, move->alias, move->instance);
    if (move->remember)
    {
        begin(*move, step::record);
        record(machines_, *move);
        begin(*move, step::persist);
        persist(machines_, *move);
    }
    if (!stays)
    {
        if (move->from)
            co_await detach(move);
        if (move->from || attaches || host_.bound(move->instance))
        {
            begin(*move, step::open);
            move->device = co_await ownership_.open(move->instance, closing_time);
            bring_to_rest(move);
            if (attaches)
                co_await attach(move);
            else
                co_await give_back(move);
        }
    }
    begin(*move, step::commit);
    settle(machines_, *move);
    if (move->to)
        machines_.changed(*move->to);
    if (move->from && move->from != move->to)
        machines_.changed(*move->from);
}

void Moves::bind(const std::shared_ptr<Move>& move)
{
    begin(*move, step::bind);
    const bool was_bound = host_.bound(move->instance);
    ownership_.bind(move->instance, move->force);
    if (was_bound)
        return;
    move->undo.add("give it back to the host",
                   [this, move]() -> asio::awaitable<void>
                   {
                       move->device.reset();
                       ownership_.release(move->instance);
                       co_return;
                   });
}

asio::awaitable<void> Moves::detach(std::shared_ptr<Move> move)
{
    begin(*move, step::detach);
    const auto vmm = move->from->vmm;
    std::exception_ptr silence;
    try
    {
        note_pause(*move->from, co_await vmm->detach(move->from_alias));
    }
    catch (const NamedError& error)
    {
        if (error.name() != bus::error_name::no_reply && error.name() != SD_BUS_ERROR_TIMEOUT)
            throw;
        silence = std::current_exception();
    }
    if (silence)
    {
        // It may yet do it. It registers anew what it has then.
        vmm->drop();
        std::rethrow_exception(silence);
    }
    ownership_.returning(move->instance, move->from->name.str());
    move->undo.add(fmt::format("give it back to {}", move->from->name.str()),
                   [this, move]() -> asio::awaitable<void>
                   {
                       if (!move->device)
                           move->device = co_await ownership_.open(move->instance, closing_time);
                       if (!move->from->vmm)
                       {
                           // Gone before it was brought to rest: kept means at rest.
                           if (!move->rested)
                               ownership_.bring_to_rest(move->instance, move->device);
                           ownership_.keep(move->instance, move->device);
                           throw Error{ECONNRESET, "attach it to {}", move->from->name.str()};
                       }
                       // It has kept how the guest had set the device.
                       const auto settings =
                           move->rested ? quiesce::Settings::as_left : quiesce::Settings::at_rest;
                       ownership_.promise(move->instance, move->from->name.str(), move->from_alias);
                       co_await move->from->vmm->attach(move->from_alias, move->instance.name,
                                                        settings, move->device->descriptors());
                       ownership_.hand_to(move->instance, move->from->name.str(), move->from_alias);
                   });
}

void Moves::bring_to_rest(const std::shared_ptr<Move>& move)
{
    begin(*move, step::quiesce);
    move->rested = true; // or half-way there
    ownership_.bring_to_rest(move->instance, move->device);
    ownership_.keep(move->instance, move->device);
}

asio::awaitable<void> Moves::attach(std::shared_ptr<Move> move)
{
    begin(*move, step::attach);
    const auto vmm = move->to->vmm;
    if (!vmm) // it lived when the move began
        throw NamedError{bus::error_name::no_reply, "{} is gone", move->to->name.str()};
    ownership_.promise(move->instance, move->to->name.str(), move->alias);
    try
    {
        note_pause(*move->to,
                   co_await vmm->attach(move->alias, move->instance.name,
                                        quiesce::Settings::at_rest, move->device->descriptors()));
    }
    catch (...)
    {
        ownership_.keep(move->instance, move->device); // what was promised is not its to claim
        throw;
    }
    if (move->to->vmm != vmm) // and with it what it had just got
        throw NamedError{bus::error_name::no_reply, "{} is gone", move->to->name.str()};
    ownership_.hand_to(move->instance, move->to->name.str(), move->alias);
    move->undo.add(fmt::format("take it from {}", move->to->name.str()),
                   [this, move]() -> asio::awaitable<void>
                   {
                       if (move->to->vmm)
                           co_await move->to->vmm->detach(move->alias);
                       ownership_.bring_to_rest(move->instance, move->device);
                       ownership_.keep(move->instance, move->device);
                   });
}

asio::awaitable<void> Moves::give_back(std::shared_ptr<Move> move)
{
    begin(*move, step::release);
    move->device.reset();
    ownership_.release(move->instance);
    move->undo.add("take it from the host",
                   [this, move]() -> asio::awaitable<void>
                   {
                       ownership_.bind(move->instance, Force::no);
                       move->device = co_await ownership_.open(move->instance, closing_time);
                   });
    co_return;
}

} // namespace aliasvm::daemon
