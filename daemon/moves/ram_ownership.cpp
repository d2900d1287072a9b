// SPDX-License-Identifier: Apache-2.0
// When RAM is given, and when it goes.
#include "daemon/moves/ram_ownership.hpp"

#include "common/base/error.hpp"
#include "common/bus/error.hpp"
#include "common/bus/names.hpp"
#include "common/facts/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
namespace names = bus::error_name;
using bus::NamedError;

RamOwnership::RamOwnership(FixedMemory& memory, const plan::Catalogue& catalogue,
                           Machines& machines, Ownership& ownership, Reconciler& reconciler,
                           std::string settings_file)
    : memory_{memory}, catalogue_{catalogue}, machines_{machines}, ownership_{ownership},
      reconciler_{reconciler}, settings_file_{std::move(settings_file)}
{
}

asio::awaitable<FixedMemory::Grant> RamOwnership::acquire(std::shared_ptr<Machine> machine,
                                                          std::shared_ptr<Vmm> asking,
                                                          std::uint64_t bytes)
{
    const std::string& name = machine->name.str();
    if (!facts::read_settings(settings_file_).allow_identity_dma)
        throw NamedError{names::identity_not_allowed,
                         "dma = \"identity\" of {}: this host does not allow DMA that nothing "
                         "confines; write allow_identity_dma = true in {}, if all its VMs with "
                         "bus masters are trusted",
                         name, settings_file_};
    const auto kept = memory_.kept();
    if (std::ranges::find(kept, name) != kept.end())
    {
        co_await reconciler_.bring_masters_to_rest();
        if (!ownership_.done_with(name) || !masters_at_rest())
            throw NamedError{names::device_blocked,
                             "give {} new RAM: a bus master that may still write to its old RAM "
                             "does not come to rest; aliasvm devices shows it as blocked",
                             name};
        memory_.free(name);
    }
    if (machine->vmm != asking)
        throw NamedError{names::wrong_state, "{} is gone", name};
    spdlog::warn("{}: dma = \"identity\": its devices can write to all memory of this host", name);
    try
    {
        co_return memory_.provide(machine->name, bytes);
    }
    catch (const Error& error)
    {
        if (error.code().value() != ENOMEM)
            throw;
        throw NamedError{names::no_hugepages, "{}", error.what()};
    }
}

void RamOwnership::tidy()
{
    try
    {
        for (const std::string& name : memory_.kept())
        {
            if (!in_use(name) && ownership_.done_with(name) && masters_at_rest())
                memory_.free(name);
        }
    }
    catch (const std::exception& error)
    {
        spdlog::error("{}", error.what());
    }
}

bool RamOwnership::in_use(const std::string& name) const
{
    const Machine* const machine = machines_.find(name);
    return machine != nullptr && (machine->vmm || !machine->unit.down());
}

/// Of those that no machine has. What vfio-platform has and nobody brought to rest may be a dead
/// machine's from before this process.
bool RamOwnership::masters_at_rest() const
{
    return std::ranges::none_of(catalogue_.instances(),
                                [this](const plan::Instance& instance)
                                {
                                    if (!instance.dma())
                                        return false;
                                    const Place& place = ownership_.place(instance);
                                    return std::holds_alternative<Blocked>(place) ||
                                           std::holds_alternative<Returning>(place) ||
                                           ownership_.unclaimed(instance);
                                });
}

} // namespace aliasvm::daemon
