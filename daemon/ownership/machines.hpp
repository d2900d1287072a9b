// SPDX-License-Identifier: Apache-2.0
// Machines: every VM that has a configuration file or runs.
#pragma once

#include "common/plan/alias_planner.hpp"
#include "common/plan/catalogue.hpp"
#include "daemon/async/turn.hpp"
#include "daemon/files/assignments.hpp"
#include "daemon/ownership/machine.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// The configuration folder, and the machines that came of it. Main thread only.
class Machines
{
public:
    struct Event
    {
        enum class What : std::uint8_t
        {
            added,
            removed,
            changed, ///< state, unit, configuration or bindings
        };
        What what{};
        const Machine& machine;
    };
    using OnEvent = std::function<void(const Event&)>;

    Machines(boost::asio::io_context& io, const plan::Catalogue& catalogue, std::string folder,
             std::string assignments_file);

    /// Reads the folder again. A machine whose file is gone stays while it runs. Never throws for
    /// what is in the files: problems are kept with their machine.
    void reload();

    /// Reads one machine's file if it is another one than the one read last, or new. Whoever
    /// watches the folder does not see the target of a link change, and hears of a file only a
    /// moment after the person or the VMM that speaks of it.
    void refresh(const VmName& name);

    [[nodiscard]] Machine* find(std::string_view name);
    /// With its file as it is now. NamedError NoSuchMachine if there is none.
    [[nodiscard]] Machine& require(std::string_view name);
    [[nodiscard]] const std::map<std::string, std::shared_ptr<Machine>, std::less<>>&
    all() const noexcept
    {
        return machines_;
    }
    /// The machine of a unit that runs, known or not.
    Machine& of_unit(const VmName& name);

    [[nodiscard]] Assignments& assignments() noexcept { return assignments_; }
    void save_assignments() const { assignments_.save(assignments_file_); }

    /// What stands, or shall stand, behind an alias: what was assigned since boot, or else what the
    /// file says. "" for nothing.
    [[nodiscard]] std::string wanted(const Machine& machine, std::string_view alias) const;
    /// What stands there is no instance but an emulated device: the console, the power key, a
    /// clock.
    [[nodiscard]] bool emulated(const Machine& machine, std::string_view alias) const;
    /// Aliases of any machine behind which the instance shall stand.
    [[nodiscard]] std::vector<std::pair<Machine*, std::string>> wanting(std::string_view instance);
    /// Where an alias and its instance are, on both sides, were `instance` behind it. NamedError
    /// NoSuchAlias or AliasMismatch (with the planner's words).
    [[nodiscard]] plan::AliasPlan plan(const Machine& machine, std::string_view alias,
                                       std::string_view instance) const;

    /// What every plan of these machines depends on.
    [[nodiscard]] const plan::HostTraits& host() const noexcept { return host_; }

    void on_event(OnEvent call) { on_event_ = std::move(call); }
    void changed(const Machine& machine);
    /// Notified at each event.
    [[nodiscard]] Condition& condition() noexcept { return condition_; }

private:
    void tell(Event::What what, const Machine& machine);
    [[nodiscard]] std::string file_of(const VmName& name) const;
    Machine& add(const VmName& name);
    void read(Machine& machine);
    void drop_if_unused(const std::string& name);

    const plan::Catalogue& catalogue_;
    const plan::HostTraits host_;
    std::string folder_;
    std::string assignments_file_;
    Assignments assignments_;
    std::map<std::string, std::shared_ptr<Machine>, std::less<>> machines_;
    OnEvent on_event_;
    Condition condition_;
};

} // namespace aliasvm::daemon
