// SPDX-License-Identifier: Apache-2.0
// MachineControl: what is done to a whole machine, in terms of its unit and its VMM.
#pragma once

#include "common/plan/catalogue.hpp"
#include "daemon/ownership/machine.hpp"
#include "daemon/ownership/machines.hpp"
#include "daemon/ports/units.hpp"

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// For the faces that people start and stop machines by; touches no device. Main thread.
class MachineControl
{
public:
    MachineControl(const plan::Catalogue& catalogue, Machines& machines, Units& units)
        : catalogue_{catalogue}, machines_{machines}, units_{units}
    {
    }

    /// Each is done when it returns, and throws NamedError: NoSuchMachine, BadConfiguration,
    /// WrongState, StartFailed with what systemd and the VMM said.
    [[nodiscard]] boost::asio::awaitable<void> start(std::string name);
    /// The guest is told, and has its stop_timeout.
    [[nodiscard]] boost::asio::awaitable<void> stop(std::string name);
    /// At once, as if the plug were pulled.
    [[nodiscard]] boost::asio::awaitable<void> power_off(std::string name);
    /// As if the guest had asked for it. Done when it runs again.
    [[nodiscard]] boost::asio::awaitable<void> reset(std::string name);
    [[nodiscard]] boost::asio::awaitable<void> pause(std::string name, GuestClock clock);
    [[nodiscard]] boost::asio::awaitable<void> resume(std::string name);

    /// A machine whose VMM serves calls now; NamedError WrongState.
    [[nodiscard]] std::shared_ptr<Machine> require_live(std::string_view name);

private:
    void require_good_configuration(const Machine& machine) const;
    /// It did what `asked` was asked for; WrongState if that is not its VMM any more.
    void note_paused(Machine& machine, const std::shared_ptr<Vmm>& asked, bool paused);

    const plan::Catalogue& catalogue_;
    Machines& machines_;
    Units& units_;
};

} // namespace aliasvm::daemon
