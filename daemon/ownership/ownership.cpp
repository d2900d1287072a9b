// SPDX-License-Identifier: Apache-2.0
// Places and steps. Closing is what the destructors of devices do.
#include "daemon/ownership/ownership.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/quiesce/register_window.hpp"
#include "common/vfio/group_not_viable.hpp"
#include "daemon/async/turn.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

const Place with_host{WithHost{}};

/// Between two attempts to open what somebody is about to close.
constexpr auto retry_pause = 5ms;

} // namespace

void throw_by_name(const plan::Instance& instance, const Error& error)
{
    namespace names = bus::error_name;
    if (const auto* held = dynamic_cast<const HeldByDriver*>(&error))
        throw NamedError{names::held_by_driver, "{}", held->what()};
    if (dynamic_cast<const vfio::GroupNotViable*>(&error) != nullptr)
        throw NamedError{names::group_not_viable, "{}: {}", instance.name, error.what()};
    switch (error.code().value())
    {
    case EBUSY:
        throw NamedError{names::device_busy, "{}: {}", instance.name, error.what()};
    case ENODEV:
        throw NamedError{names::no_iommu, "{}: {}", instance.name, error.what()};
    case EPERM:
        throw NamedError{instance.dma() ? names::no_iommu : bus::error_name::failed, "{}: {}",
                         instance.name, error.what()};
    default:
        throw NamedError{bus::error_name::failed, "{}: {}", instance.name, error.what()};
    }
}

const Place& Ownership::place(const plan::Instance& instance) const
{
    const auto found = places_.find(instance.name);
    return found == places_.end() ? with_host : found->second;
}

const WithMachine* Ownership::owner(const plan::Instance& instance) const
{
    return std::get_if<WithMachine>(&place(instance));
}

const plan::Instance* Ownership::behind(std::string_view machine, std::string_view alias) const
{
    for (const auto& [name, place] : places_)
    {
        const auto* const owner = std::get_if<WithMachine>(&place);
        if (owner != nullptr && owner->machine == machine && owner->alias == alias)
            return catalogue_.find(name);
    }
    return nullptr;
}

std::vector<const plan::Instance*> Ownership::of(std::string_view machine) const
{
    std::vector<const plan::Instance*> found;
    for (const auto& [name, place] : places_)
    {
        const auto* const owner = std::get_if<WithMachine>(&place);
        if (owner != nullptr && owner->machine == machine)
            found.push_back(catalogue_.find(name));
    }
    return found;
}

bool Ownership::done_with(std::string_view machine) const
{
    return std::ranges::none_of(places_,
                                [machine](const auto& entry)
                                {
                                    const auto* const owner =
                                        std::get_if<WithMachine>(&entry.second);
                                    const auto* const returning =
                                        std::get_if<Returning>(&entry.second);
                                    return (owner != nullptr && owner->machine == machine) ||
                                           (returning != nullptr && returning->from == machine);
                                });
}

const plan::Instance& Ownership::require(std::string_view instance) const
{
    if (const plan::Instance* const found = catalogue_.find(instance))
        return *found;
    throw NamedError{bus::error_name::no_such_device,
                     "no device {}: aliasvm devices lists those of this SoC", instance};
}

bool Ownership::at_rest(const plan::Instance& instance) const
{
    return std::holds_alternative<WithDaemon>(place(instance)) ||
           (rested_.contains(instance.name) && host_.unused(instance));
}

bool Ownership::unclaimed(const plan::Instance& instance) const
{
    return std::holds_alternative<WithHost>(place(instance)) && host_.bound(instance);
}

void Ownership::bind(const plan::Instance& instance, Force force)
{
    try
    {
        host_.bind(instance, force);
    }
    catch (const Error& error)
    {
        throw_by_name(instance, error);
    }
}

asio::awaitable<std::shared_ptr<vfio::PlatformDevice>>
Ownership::open(const plan::Instance& instance, std::chrono::milliseconds patience)
{
    if (const auto* const kept = std::get_if<WithDaemon>(&place(instance)))
        co_return kept->device;
    if (const auto* const blocked = std::get_if<Blocked>(&place(instance)))
        co_return blocked->device;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;)
    {
        try
        {
            co_return host_.open(instance);
        }
        catch (const Error& error)
        {
            if (error.code().value() != EBUSY || std::chrono::steady_clock::now() >= deadline)
                throw_by_name(instance, error);
        }
        co_await pause_for(retry_pause);
    }
}

void Ownership::bring_to_rest(const plan::Instance& instance,
                              const std::shared_ptr<vfio::PlatformDevice>& device)
{
    const Mapping window = device->map({0});
    quiesce::MappedRegisters registers{window};
    switch (quiesce::bring_to_rest(instance.compatible, registers))
    {
    case quiesce::Rest::at_rest:
        return;
    case quiesce::Rest::still_busy:
        set(instance, Blocked{device});
        throw NamedError{bus::error_name::device_blocked,
                         "{} ({}) does not come to rest; it stays blocked until Quiesce succeeds",
                         instance.name, instance.sysname};
    case quiesce::Rest::no_sequence:
        throw NamedError{bus::error_name::device_blocked,
                         "{} ({}): no quiesce sequence is known for {}, so it cannot change hands",
                         instance.name, instance.sysname, instance.compatible.front()};
    }
}

void Ownership::keep(const plan::Instance& instance, std::shared_ptr<vfio::PlatformDevice> device)
{
    set(instance, WithDaemon{std::move(device)});
}

bool Ownership::believable(const plan::Instance& instance, const std::string& machine,
                           const std::string& alias) const
{
    const Place& there = place(instance);
    const bool possible = (std::holds_alternative<WithHost>(there) && host_.bound(instance)) ||
                          std::holds_alternative<Returning>(there) ||
                          std::holds_alternative<WithMachine>(there);
    return possible && given_.to(instance.name, machine, alias);
}

void Ownership::promise(const plan::Instance& instance, const std::string& machine,
                        const std::string& alias)
{
    given_.set(instance.name, machine, alias);
}

void Ownership::hand_to(const plan::Instance& instance, std::string machine, std::string alias)
{
    promise(instance, machine, alias);
    set(instance, WithMachine{std::move(machine), std::move(alias)});
}

void Ownership::returning(const plan::Instance& instance, std::string from)
{
    set(instance, Returning{std::move(from)});
}

void Ownership::release(const plan::Instance& instance)
{
    const bool resting = std::holds_alternative<WithDaemon>(place(instance));
    set(instance, WithHost{}); // closes it: unbinding an open device would wait for that
    host_.release(instance);
    if (resting && host_.unused(instance))
        rested_.insert(instance.name);
}

void Ownership::set(const plan::Instance& instance, Place place)
{
    rested_.erase(instance.name);
    // One that comes back may still be open where it was, and is that one's to say.
    if (!std::holds_alternative<WithMachine>(place) && !std::holds_alternative<Returning>(place))
        given_.erase(instance.name);
    if (std::holds_alternative<WithHost>(place))
        places_.erase(instance.name);
    else
        places_.insert_or_assign(instance.name, std::move(place));
    if (on_change_)
        on_change_(instance);
}

} // namespace aliasvm::daemon
