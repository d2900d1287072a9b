// SPDX-License-Identifier: Apache-2.0
// RamOwnership: RAM that bus masters may write to until they are at rest, whoever has died.
#pragma once

#include "daemon/moves/reconciler.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ownership/ownership.hpp"
#include "daemon/ports/fixed_memory.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// The RAM of machines with dma = "identity". A machine's is freed when its VMM is gone and no bus
/// master can write to it any more: each is at rest, the host's or another machine's. Main thread.
class RamOwnership
{
public:
    RamOwnership(FixedMemory& memory, const plan::Catalogue& catalogue, Machines& machines,
                 Ownership& ownership, Reconciler& reconciler, std::string settings_file);

    /// For a VMM that starts: RAM of its own. What the last run of its machine had is freed first.
    /// NamedError: IdentityNotAllowed, NoHugepages, DeviceBlocked, WrongState, Failed.
    [[nodiscard]] boost::asio::awaitable<FixedMemory::Grant>
    acquire(std::shared_ptr<Machine> machine, std::shared_ptr<Vmm> asking, std::uint64_t bytes);

    /// Frees what nothing can write to any more. Never throws.
    void tidy();

private:
    [[nodiscard]] bool in_use(const std::string& name) const;
    [[nodiscard]] bool masters_at_rest() const;

    FixedMemory& memory_;
    const plan::Catalogue& catalogue_;
    Machines& machines_;
    Ownership& ownership_;
    Reconciler& reconciler_;
    std::string settings_file_;
};

} // namespace aliasvm::daemon
