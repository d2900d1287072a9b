// SPDX-License-Identifier: Apache-2.0
// The steps of a change of hands. None of them waits for a person, and each is bounded in time.
#include "daemon/moves/transfer.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/quiesce/register_window.hpp"
#include "daemon/moves/binding_record.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
namespace names = bus::error_name;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

/// A VMM has replied that it let go; the kernel needs a moment to close what it had mapped.
constexpr auto patience = 3000ms;
/// For a VM that comes up, or an instance that is being taken back, before it is an error.
constexpr auto settling_time = 20'000ms;
/// Between looks at a process that is ending.
constexpr auto reclaim_pause = 20ms;

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

} // namespace

void Transfers::begin(Move& move, const char* step)
{
    move.step = step;
    faults_.reach(step);
}

// ---- what people and VMMs ask for ------------------------------------------------------------

asio::awaitable<void> Transfers::assign(const plan::Instance& instance, std::string machine,
                                        std::string alias, TransferOptions options)
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

asio::awaitable<void> Transfers::release(const plan::Instance& instance, TransferOptions options)
{
    auto move = std::make_shared<Move>(Move{instance});
    move->persistent = options.persistent;
    co_await until_free_to_move(instance, nullptr);
    const auto turn = co_await turn_.take();
    co_await run(std::move(move));
}

asio::awaitable<Handover> Transfers::acquire(std::shared_ptr<Machine> machine,
                                             std::shared_ptr<Vmm> asking, std::string alias)
{
    const plan::Instance& instance = ownership_.require(machines_.wanted(*machine, alias));
    static_cast<void>(machines_.plan(*machine, alias, instance.name));
    require_present(instance);
    co_await until_free_to_move(instance, nullptr);
    const auto turn = co_await turn_.take();
    if (const WithMachine* const owner = ownership_.owner(instance))
        throw NamedError{names::device_busy, "{} is {}'s, as its {}: assign or release it first",
                         instance.name, owner->machine, owner->alias};
    const bool at_rest = ownership_.at_rest(instance);
    const bool was_bound = host_.bound(instance);
    ownership_.bind(instance, Force::no);
    try
    {
        require_reach(*machine, alias, instance);
    }
    catch (const NamedError&)
    {
        if (!was_bound)
            ownership_.release(instance);
        throw;
    }
    const auto device = co_await ownership_.open(instance, patience);
    if (!at_rest)
        ownership_.quiesce(instance, device);
    if (machine->vmm != asking)
    {
        ownership_.keep(instance, device);
        throw NamedError{names::wrong_state, "{} is gone", machine->name.str()};
    }
    ownership_.hand_to(instance, machine->name.str(), alias);
    co_return Handover{instance.name, device};
}

asio::awaitable<void> Transfers::quiesce(const plan::Instance& instance)
{
    const auto turn = co_await turn_.take();
    if (const WithMachine* const owner = ownership_.owner(instance))
        throw NamedError{names::device_busy, "{} is {}'s, as its {}: release it instead",
                         instance.name, owner->machine, owner->alias};
    if (std::holds_alternative<WithHost>(ownership_.place(instance)) && !host_.bound(instance))
        throw NamedError{names::wrong_state, "{} is the host's: there is nothing to bring to rest",
                         instance.name};
    const auto device = co_await ownership_.open(instance, patience);
    ownership_.quiesce(instance, device);
    ownership_.keep(instance, device);
    if (!awaited(instance))
        ownership_.release(instance);
}

// ---- what nobody asks for --------------------------------------------------------------------

asio::awaitable<void> Transfers::reclaim(const plan::Instance& instance)
{
    for (;;)
    {
        {
            const auto turn = co_await turn_.take();
            if (!std::holds_alternative<Returning>(ownership_.place(instance)))
                co_return;
            if (co_await keep_at_rest(instance))
            {
                if (!awaited(instance))
                    ownership_.release(instance);
                co_return;
            }
        }
        co_await pause_for(reclaim_pause);
    }
}

asio::awaitable<void> Transfers::bring_masters_to_rest()
{
    for (const plan::Instance& instance : catalogue_.instances())
    {
        if (!instance.dma())
            continue;
        co_await until_free_to_move(instance, nullptr);
        const auto turn = co_await turn_.take();
        if (ownership_.unknown(instance))
            co_await keep_at_rest(instance);
    }
}

/// Unless somebody has it, who is then yet to say so.
/// False if a process still has it open.
asio::awaitable<bool> Transfers::keep_at_rest(const plan::Instance& instance)
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
    ownership_.quiesce(instance, device);
    ownership_.keep(instance, device);
    co_return true;
}

/// Whether a machine that is up, or comes up, will ask for it.
bool Transfers::awaited(const plan::Instance& instance)
{
    return std::ranges::any_of(machines_.wanting(instance.name),
                               [](const auto& wanting) { return !wanting.first->unit.down(); });
}

/// A running machine behind whose empty alias it shall stand.
std::shared_ptr<Machine> Transfers::place_for(const plan::Instance& instance, std::string& alias)
{
    for (const auto& [machine, wanting] : machines_.wanting(instance.name))
    {
        if (!machine->live() || ownership_.behind(machine->name.str(), wanting) != nullptr)
            continue;
        alias = wanting;
        return machine->shared_from_this();
    }
    return nullptr;
}

asio::awaitable<void> Transfers::reconcile(const plan::Instance& instance)
{
    const auto turn = co_await turn_.take();
    const Place& place = ownership_.place(instance);
    if (const auto* const owner = std::get_if<WithMachine>(&place))
    {
        const Machine* const machine = machines_.find(owner->machine);
        if (machine == nullptr || !machine->live() ||
            machines_.wanted(*machine, owner->alias) == instance.name)
            co_return;
    }
    else if (std::holds_alternative<Returning>(place) || std::holds_alternative<Blocked>(place))
        co_return;
    auto move = std::make_shared<Move>(Move{instance});
    move->remember = false;
    move->to = place_for(instance, move->alias);
    if (!move->to && std::holds_alternative<WithHost>(place) && !host_.bound(instance))
        co_return; // where it belongs
    if (!move->to && !std::holds_alternative<WithMachine>(place) && awaited(instance))
    {
        if (ownership_.unknown(instance))
            co_await keep_at_rest(instance);
        co_return; // it will be asked for
    }
    if (!move->to && std::holds_alternative<WithDaemon>(place))
        co_return ownership_.release(instance); // at rest it is already
    co_await run(std::move(move));
}

// ---- the steps -------------------------------------------------------------------------------

/// A machine that comes up, and an instance that is coming back, are waited for outside of the turn
/// that they need themselves.
asio::awaitable<void> Transfers::until_free_to_move(const plan::Instance& instance,
                                                    std::shared_ptr<Machine> to)
{
    const auto free = [&]
    {
        return !std::holds_alternative<Returning>(ownership_.place(instance)) &&
               !(to && to->starting());
    };
    if (co_await machines_.condition().until(free, settling_time))
        co_return;
    if (const auto* const returning = std::get_if<Returning>(&ownership_.place(instance)))
        throw NamedError{names::device_busy,
                         "{} is still open in the process that {} had: see systemctl status vm@{}",
                         instance.name, returning->from, returning->from};
    throw NamedError{names::wrong_state, "{} is still starting", to->name.str()};
}

void Transfers::require_present(const plan::Instance& instance) const
{
    if (!host_.present(instance))
        throw NamedError{names::no_such_device,
                         "{} ({}) is not on this host: its device tree must have it, status okay",
                         instance.name, instance.sysname};
}

/// A bus master reaches what its machine's RAM was laid out for, or it may not go there. Known once
/// it is bound.
void Transfers::require_reach(const Machine& machine, std::string_view alias,
                              const plan::Instance& instance) const
{
    const Dma wanted = machines_.plan(machine, alias, instance.name).dma;
    const Dma given = host_.dma(instance);
    if (wanted == given)
        return;
    if (given == Dma::identity)
        throw NamedError{names::no_iommu,
                         "{} ({}) is behind no IOMMU, so nothing confines its DMA: enable the SMMU "
                         "in the host's device tree, or, if {} is trusted as the host is, write "
                         "dma = \"identity\" in {}",
                         instance.name,
                         instance.sysname,
                         machine.name.str(),
                         machine.config_path};
    throw NamedError{names::no_iommu,
                     "{} ({}) is behind an IOMMU, which would stop its DMA at identity: take "
                     "dma = \"identity\" out of {}",
                     instance.name, instance.sysname, machine.config_path};
}

void Transfers::check(Move& move)
{
    const plan::Instance& instance = move.instance;
    require_present(instance);
    if (std::holds_alternative<Blocked>(ownership_.place(instance)))
        throw NamedError{names::device_blocked, "{} did not come to rest: try Quiesce first",
                         instance.name};
    if (const WithMachine* const owner = ownership_.owner(instance))
    {
        move.from = machines_.require(owner->machine).shared_from_this();
        move.from_alias = owner->alias;
        if (!move.from->live())
            throw NamedError{names::device_busy, "{} is {}'s, which is {} and does not answer",
                             instance.name, owner->machine, to_string(move.from->state())};
    }
    if (!move.to)
        return;
    static_cast<void>(machines_.plan(*move.to, move.alias, instance.name));
    const plan::Instance* const there = ownership_.behind(move.to->name.str(), move.alias);
    if (there != nullptr && there != &instance)
        throw NamedError{names::alias_in_use, "{} of {} is {} now: release that first", move.alias,
                         move.to->name.str(), there->name};
}

asio::awaitable<void> Transfers::run(std::shared_ptr<Move> move)
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

asio::awaitable<void> Transfers::step_through(std::shared_ptr<Move> move)
{
    begin(*move, step::check);
    check(*move);
    const bool attaches = move->to && move->to->live();
    const bool stays = attaches && move->from == move->to && move->from_alias == move->alias;
    if (attaches && !stays && !move->from)
    {
        begin(*move, step::bind);
        const bool was_bound = host_.bound(move->instance);
        ownership_.bind(move->instance, move->force);
        if (!was_bound)
            move->undo.add("give it back to the host",
                           [this, move]() -> asio::awaitable<void>
                           {
                               move->device.reset();
                               ownership_.release(move->instance);
                               co_return;
                           });
    }
    if (attaches)
        require_reach(*move->to, move->alias, move->instance);
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
            move->device = co_await ownership_.open(move->instance, patience);
            bring_to_rest(move);
            if (attaches)
                co_await attach(move);
            else
                co_await give_back(move);
        }
    }
    begin(*move, step::commit);
    if (move->to)
        machines_.changed(*move->to);
    if (move->from && move->from != move->to)
        machines_.changed(*move->from);
}

asio::awaitable<void> Transfers::detach(std::shared_ptr<Move> move)
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
                           move->device = co_await ownership_.open(move->instance, patience);
                       if (!move->from->vmm)
                       {
                           ownership_.keep(move->instance, move->device);
                           throw Error{ECONNRESET, "attach it to {}", move->from->name.str()};
                       }
                       // It has kept how the guest had set the device.
                       const auto settings =
                           move->rested ? quiesce::Settings::as_left : quiesce::Settings::at_rest;
                       co_await move->from->vmm->attach(move->from_alias, move->instance.name,
                                                        settings, move->device->descriptors());
                       ownership_.hand_to(move->instance, move->from->name.str(), move->from_alias);
                   });
}

void Transfers::bring_to_rest(const std::shared_ptr<Move>& move)
{
    begin(*move, step::quiesce);
    move->rested = true; // or half-way there
    ownership_.quiesce(move->instance, move->device);
    ownership_.keep(move->instance, move->device);
}

asio::awaitable<void> Transfers::attach(std::shared_ptr<Move> move)
{
    begin(*move, step::attach);
    const auto vmm = move->to->vmm;
    if (!vmm) // it lived when the move began
        throw NamedError{bus::error_name::no_reply, "{} is gone", move->to->name.str()};
    note_pause(*move->to,
               co_await vmm->attach(move->alias, move->instance.name, quiesce::Settings::at_rest,
                                    move->device->descriptors()));
    if (move->to->vmm != vmm) // and with it what it had just got
        throw NamedError{bus::error_name::no_reply, "{} is gone", move->to->name.str()};
    ownership_.hand_to(move->instance, move->to->name.str(), move->alias);
    move->undo.add(fmt::format("take it from {}", move->to->name.str()),
                   [this, move]() -> asio::awaitable<void>
                   {
                       if (move->to->vmm)
                           co_await move->to->vmm->detach(move->alias);
                       ownership_.quiesce(move->instance, move->device);
                       ownership_.keep(move->instance, move->device);
                   });
}

asio::awaitable<void> Transfers::give_back(std::shared_ptr<Move> move)
{
    begin(*move, step::release);
    move->device.reset();
    ownership_.release(move->instance);
    move->undo.add("take it from the host",
                   [this, move]() -> asio::awaitable<void>
                   {
                       ownership_.bind(move->instance, Force::no);
                       move->device = co_await ownership_.open(move->instance, patience);
                   });
    co_return;
}

} // namespace aliasvm::daemon
