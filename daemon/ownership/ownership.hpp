// SPDX-License-Identifier: Apache-2.0
// Ownership: where each physical instance is, and the steps by which it gets elsewhere.
#pragma once

#include "common/base/mapping.hpp"
#include "common/plan/catalogue.hpp"
#include "common/quiesce/quiesce.hpp"
#include "daemon/ownership/given.hpp"
#include "daemon/ports/device_host.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace aliasvm::daemon
{

/// With the host: its driver has it, or nobody. It may be bound to vfio-platform, and unclaimed().
struct WithHost
{
};

/// Open in this process, so in nobody else's; at rest.
struct WithDaemon
{
    std::shared_ptr<vfio::PlatformDevice> device;
};

struct WithMachine
{
    std::string machine;
    std::string alias;
};

/// Its VMM is gone, or let go of it; not yet opened and brought to rest.
struct Returning
{
    std::string from;
};

/// Did not come to rest. Open in this process, so that nobody else gets it.
struct Blocked
{
    std::shared_ptr<vfio::PlatformDevice> device;
};

/// The transitions, and there is no other:
///
///     WithHost ---> WithDaemon <---> WithMachine      open, bring to rest; hand over, detach
///        ^              |  ^              |
///        +--------------+  +-- Returning <+           the VMM died; release to the host
///     any opened one that does not come to rest ---> Blocked ---> WithDaemon
///
/// It is derived, not stored: after a restart of the daemon everything is WithHost until VMMs
/// register what they hold. That one place only is true at a time is the kernel's doing: a VFIO
/// group opens once.
using Place = std::variant<WithHost, WithDaemon, WithMachine, Returning, Blocked>;

/// For what a process let go of, or had when it ended, to be closed in the kernel as well.
inline constexpr std::chrono::milliseconds closing_time{3000};

/// Main thread; changes in turns (Turn).
class Ownership
{
public:
    using OnChange = std::function<void(const plan::Instance&)>;

    /// `given_file` is where it keeps what machines were given: Given. Throws Error.
    Ownership(const plan::Catalogue& catalogue, DeviceHost& host, std::string given_file)
        : catalogue_{catalogue}, host_{host}, given_{std::move(given_file)}
    {
    }

    [[nodiscard]] const Place& place(const plan::Instance& instance) const;
    [[nodiscard]] const WithMachine* owner(const plan::Instance& instance) const;
    [[nodiscard]] const plan::Instance* behind(std::string_view machine,
                                               std::string_view alias) const;
    /// All that a machine has.
    [[nodiscard]] std::vector<const plan::Instance*> of(std::string_view machine) const;
    /// Whether nothing of a machine's is with it, or on its way back from it.
    [[nodiscard]] bool done_with(std::string_view machine) const;
    /// NamedError NoSuchDevice.
    [[nodiscard]] const plan::Instance& require(std::string_view instance) const;

    /// Whether a machine that says that it has it, as this alias, can be believed: it was given it,
    /// has not been seen to give it back, and the kernel does not contradict.
    [[nodiscard]] bool believable(const plan::Instance& instance, const std::string& machine,
                                  const std::string& alias) const;
    /// From here on nothing is believed that was not given by such a process as this one.
    void trust_only_what_was_given() { given_.begin(); }

    void on_change(OnChange call) { on_change_ = std::move(call); }

    /// vfio-platform has it, so that a process can have it open.
    [[nodiscard]] bool bound(const plan::Instance& instance) const { return host_.bound(instance); }
    /// Brought to rest here, and nobody has had it since, neither a VM nor a driver of the host. To
    /// do it again would lose what has come in.
    [[nodiscard]] bool at_rest(const plan::Instance& instance) const;

    /// vfio-platform has it, it is not open here, and no VMM has said that it has it: a machine may
    /// have left it behind before this process was there.
    [[nodiscard]] bool unclaimed(const plan::Instance& instance) const;

    void bind(const plan::Instance& instance, Force force);
    /// Opens it. A VMM that ends or lets go needs a moment: EBUSY is waited out for `patience`,
    /// then it is NamedError DeviceBusy. The place does not change.
    [[nodiscard]] boost::asio::awaitable<std::shared_ptr<vfio::PlatformDevice>>
    open(const plan::Instance& instance, std::chrono::milliseconds patience);
    /// Brings an open device to rest; NamedError DeviceBlocked, and the place is Blocked, if it
    /// does not come.
    void bring_to_rest(const plan::Instance& instance,
                       const std::shared_ptr<vfio::PlatformDevice>& device);

    void keep(const plan::Instance& instance, std::shared_ptr<vfio::PlatformDevice> device);
    /// Before a machine gets its descriptors: written down, so that the next process knows whom to
    /// believe. Throws Error, and then nothing is changed.
    void promise(const plan::Instance& instance, const std::string& machine,
                 const std::string& alias);
    /// It is handed over: what this process had open of it closes.
    void hand_to(const plan::Instance& instance, std::string machine, std::string alias);
    void returning(const plan::Instance& instance, std::string from);
    /// Back to the host, if it is open here or known to be nobody's.
    void release(const plan::Instance& instance);

private:
    void set(const plan::Instance& instance, Place place);

    const plan::Catalogue& catalogue_;
    DeviceHost& host_;
    std::map<std::string, Place, std::less<>> places_; ///< WithHost ones left out
    Given given_;
    std::set<std::string, std::less<>> rested_; ///< given back to the host at rest
    OnChange on_change_;
};

/// An error of opening or binding under the name that users know.
[[noreturn]] void throw_by_name(const plan::Instance& instance, const Error& error);

} // namespace aliasvm::daemon
