// SPDX-License-Identifier: Apache-2.0
// Each refusal says what would be right instead.
#include "daemon/moves/checks.hpp"

#include "common/bus/error.hpp"
#include "common/bus/names.hpp"

#include <variant>

namespace aliasvm::daemon
{

namespace names = bus::error_name;
using bus::NamedError;

void require_present(const DeviceHost& host, const plan::Instance& instance)
{
    if (!host.present(instance))
        throw NamedError{names::no_such_device,
                         "{} ({}) is not on this host: its device tree must have it, status okay",
                         instance.name, instance.sysname};
}

void require_reach(const DeviceHost& host, const Machines& machines, const Machine& machine,
                   std::string_view alias, const plan::Instance& instance)
{
    const Dma wanted = machines.plan(machine, alias, instance.name).dma;
    const Dma given = host.dma(instance);
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

void check(const DeviceHost& host, Machines& machines, const Ownership& ownership, Move& move)
{
    const plan::Instance& instance = move.instance;
    require_present(host, instance);
    if (std::holds_alternative<Blocked>(ownership.place(instance)))
        throw NamedError{names::device_blocked, "{} did not come to rest: try Quiesce first",
                         instance.name};
    if (const WithMachine* const owner = ownership.owner(instance))
    {
        move.from = machines.require(owner->machine).shared_from_this();
        move.from_alias = owner->alias;
        if (!move.from->live())
            throw NamedError{names::device_busy, "{} is {}'s, which is {} and does not answer",
                             instance.name, owner->machine, to_string(move.from->state())};
    }
    if (!move.to)
        return;
    static_cast<void>(machines.plan(*move.to, move.alias, instance.name));
    const plan::Instance* const there = ownership.behind(move.to->name.str(), move.alias);
    if (there != nullptr && there != &instance)
        throw NamedError{names::alias_in_use, "{} of {} is {} now: release that first", move.alias,
                         move.to->name.str(), there->name};
    if (there == nullptr && move.to->live() && machines.emulated(*move.to, move.alias))
        throw NamedError{names::alias_in_use,
                         "{} of {} is its {}, which stays as long as it runs: write alias.{} = "
                         "\"{}\" in {} and start it again",
                         move.alias,
                         move.to->name.str(),
                         machines.wanted(*move.to, move.alias),
                         move.alias,
                         instance.name,
                         move.to->config_path};
}

} // namespace aliasvm::daemon
