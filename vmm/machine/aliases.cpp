// SPDX-License-Identifier: Apache-2.0
// The moves, step by step, and the way back from each.
#include "vmm/machine/aliases.hpp"

#include "common/base/error.hpp"
#include "common/plan/alias_planner.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace aliasvm::machine
{

namespace
{

/// What an Error says without the text of its errno, to be said again with more before it.
std::string act_of(const Error& error)
{
    std::string act = error.what();
    const std::string reason = ": " + error.code().message();
    if (act.ends_with(reason))
        act.resize(act.size() - reason.size());
    return act;
}

/// A step of a move, which is named in the Error if it fails.
template <class Act>
void step(const std::string& move, std::string_view name, Act&& act)
{
    try
    {
        act();
    }
    catch (const Error& error)
    {
        throw Error{error.code().value(), "{}: {}: {}", move, name, act_of(error)};
    }
}

/// What is left is what the alias is to the guest.
void forget_instance(plan::AliasPlan& alias) noexcept
{
    alias.backing = plan::Backing::none;
    alias.instance.clear();
    alias.sysname.clear();
    alias.dma = Dma::none;
    alias.compatible.clear();
    for (plan::Window& window : alias.windows)
        window.host.reset();
    for (plan::Line& line : alias.lines)
        line.host.reset();
}

const char* name_of(Trigger trigger)
{
    return trigger == Trigger::level ? "level" : "edge";
}

/// The guest was told how its lines trigger, and the vGIC keeps its preset for the machine's life;
/// a level interrupt on a line that the guest has as edge would come once and never again.
void require_triggers(const std::vector<plan::Line>& lines, const std::vector<Trigger>& triggers)
{
    for (std::size_t i = 0; i < lines.size(); ++i)
    {
        const plan::Line& line = lines[i];
        if (line.trigger != triggers[i])
            throw Error{EINVAL,
                        "interrupt {} of it is {}, but guest SPI {} (INTID {}) is {}",
                        line.vfio_irq,
                        name_of(triggers[i]),
                        line.guest.dt_cell(),
                        line.guest.intid(),
                        name_of(line.trigger)};
    }
}

} // namespace

Aliases::Aliases(kvm::Vm& vm, kvm::Vgic& vgic, devices::LineWatch& watch, DmaMemory memory)
    : vm_{vm}, vgic_{vgic}, watch_{watch}, dma_{std::move(memory)}
{
}

void Aliases::add(const plan::AliasPlan& alias, kvm::SlotId first_slot, vfio::Host& host)
{
    Alias& added = aliases_.emplace_back(Alias{alias, first_slot, nullptr, {}});
    if (alias.backing == plan::Backing::instance)
    {
        added.instance = std::make_unique<Passthrough>(vm_, watch_, host, alias, first_slot);
        step(fmt::format("put {} behind {}", alias.instance, alias.name), "match its interrupts",
             [&] { require_triggers(alias.lines, added.instance->triggers()); });
    }
    else if (alias.backing != plan::Backing::none)
        return; // lines of emulated devices are level, as all are preset
    for (const plan::Line& line : alias.lines)
        vgic_.preset_trigger(line.guest, line.trigger);
}

template <class Act>
void Aliases::each_instance(Act&& act)
{
    for (Alias& alias : aliases_)
    {
        if (alias.instance)
            act(*alias.instance);
    }
}

void Aliases::show()
{
    each_instance([this](Passthrough& instance) { instance.begin_dma(dma_); });
    each_instance([](Passthrough& instance) { instance.arm(); });
    each_instance([](Passthrough& instance) { instance.show(); });
}

void Aliases::go_live()
{
    each_instance([](Passthrough& instance) { instance.go_live(); });
}

std::chrono::microseconds Aliases::detach(std::string_view name, VcpuThreads& vcpus)
{
    Alias& alias = find(name);
    if (alias.plan.backing == plan::Backing::none)
        throw Error{ENOENT, "take something from behind alias {}, which is empty", name};
    if (!alias.instance)
        throw Error{EINVAL, "take what is emulated from behind alias {}", name};

    const std::string move = fmt::format("take {} from behind {}", alias.plan.instance, name);
    Passthrough& instance = *alias.instance;
    std::chrono::microseconds still{};
    std::optional<quiesce::SavedRegisters> registers;
    try
    {
        step(move, "stop its interrupts", [&] { instance.stop_interrupts(); });
        step(move, "disconnect its interrupts", [&] { instance.disarm(); });
        // The vCPUs stand still for this alone.
        step(move, "remove its registers",
             [&] { still = vcpus.while_still(GuestClock::stands, [&] { instance.hide(); }); });
        step(move, "bring it to rest", [&] { registers = instance.bring_to_rest(); });
        step(move, "take guest memory from it", [&] { instance.end_dma(); });
    }
    catch (...)
    {
        put_back(instance, vcpus, registers);
        throw;
    }
    alias.left = {alias.plan.instance, *std::move(registers)};
    alias.instance.reset();
    forget_instance(alias.plan);
    return still;
}

/// As far as the kernel lets it: the failure on its way to the caller is the one to report. What
/// could not be put back can still be detached, since every step passes over what is done.
void Aliases::put_back(Passthrough& instance, VcpuThreads& vcpus,
                       const std::optional<quiesce::SavedRegisters>& registers)
{
    if (registers)
        instance.restore(*registers);
    if (!instance.shown())
        devices::undo([&] { vcpus.while_still(GuestClock::stands, [&] { instance.show(); }); });
    devices::undo([&] { instance.revive(); });
}

std::chrono::microseconds Aliases::attach(const plan::AliasPlan& wanted, quiesce::Settings settings,
                                          vfio::Host& host, VcpuThreads& vcpus)
{
    Alias& alias = find(wanted.name);
    const std::string move = fmt::format("put {} behind {}", wanted.instance, wanted.name);
    if (alias.plan.backing != plan::Backing::none)
        throw Error{EBUSY, "{}, where {} is", move,
                    alias.instance ? alias.plan.instance : "an emulated device"};
    if (wanted.backing != plan::Backing::instance || !plan::same_to_guest(alias.plan, wanted))
        throw Error{EINVAL, "{}: it is planned for another alias or is no instance", move};

    // What it is to the guest was settled at the start: the triggers, and the node that the guest's
    // was made from.
    plan::AliasPlan next = wanted;
    next.node = alias.plan.node;
    for (std::size_t i = 0; i < next.lines.size(); ++i)
        next.lines[i].trigger = alias.plan.lines[i].trigger;

    // Whatever fails, the destructor takes the way back.
    std::unique_ptr<Passthrough> instance;
    step(move, "open it",
         [&]
         { instance = std::make_unique<Passthrough>(vm_, watch_, host, next, alias.first_slot); });
    step(move, "match its interrupts", [&] { require_triggers(next.lines, instance->triggers()); });
    step(move, "give guest memory to it", [&] { instance->begin_dma(dma_); });
    if (settings == quiesce::Settings::as_left && alias.left.instance == next.instance)
        instance->restore(alias.left.registers);
    step(move, "connect its interrupts", [&] { instance->arm(); });
    std::chrono::microseconds still{};
    step(move, "show its registers",
         [&] { still = vcpus.while_still(GuestClock::stands, [&] { instance->show(); }); });
    try
    {
        step(move, "let its interrupts live", [&] { instance->go_live(); });
    }
    catch (...)
    {
        // The windows go as they came, while nobody looks; and the lines before them.
        instance->silence();
        devices::undo([&] { vcpus.while_still(GuestClock::stands, [&] { instance->hide(); }); });
        throw;
    }
    alias.instance = std::move(instance);
    alias.plan = std::move(next);
    return still;
}

std::vector<plan::AliasPlan> Aliases::plans() const
{
    std::vector<plan::AliasPlan> all;
    std::ranges::transform(aliases_, std::back_inserter(all), &Alias::plan);
    return all;
}

std::vector<Holding> Aliases::holdings() const
{
    std::vector<Holding> all;
    for (const Alias& alias : aliases_)
    {
        if (alias.instance)
            all.push_back({alias.plan.name, alias.plan.instance});
    }
    return all;
}

Aliases::Alias& Aliases::find(std::string_view name)
{
    const auto found = std::ranges::find(
        aliases_, name, [](const Alias& a) { return std::string_view{a.plan.name}; });
    if (found == aliases_.end())
        throw Error{ENOENT, "find alias {}, which this machine does not have", name};
    return *found;
}

} // namespace aliasvm::machine
