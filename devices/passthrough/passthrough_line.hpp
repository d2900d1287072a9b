// SPDX-License-Identifier: Apache-2.0
// PassthroughLine: the life of an interrupt line from a physical device to a guest.
#pragma once

#include "common/base/event_fd.hpp"
#include "common/base/spi.hpp"
#include "common/kvm/port.hpp"
#include "common/vfio/port.hpp"

#include <cstdint>

namespace aliasvm::devices
{

/// What a level and an edge line have in common: the order of things, and that a step either
/// happens wholly or not at all.
///
/// When live, the kernel carries every interrupt from the device to the guest's GIC without this
/// process: VFIO signals an eventfd, KVM takes it as `guest`. The physical number is nowhere in
/// that path, which is why the line can be another one in the guest.
///
/// Threads: one at a time. Vm and device outlive the line. Each step throws Error and then leaves
/// the line in the state that it was in; a step that the state does not allow is std::logic_error.
class PassthroughLine
{
public:
    /// The transitions, and there is no other:
    ///
    ///                arm()            go_live()          stop()             disarm()
    ///     disarmed ---------> masked ------------> live -----------> stopped ----------> disarmed
    ///                            |                                                          ^
    ///                            +-------------------- disarm() ----------------------------+
    ///                                    a start that is given up
    ///
    /// Nothing reaches the guest but in `live`. `masked` and `stopped` are the same to VFIO; but a
    /// guest may still hold an interrupt from before it was stopped, so the way back to `live`
    /// leads through disarm(), which lowers the guest's line.
    enum class State : std::uint8_t
    {
        disarmed, ///< VFIO and KVM know nothing of the line
        masked,   ///< KVM listens, VFIO has nothing to signal
        live,     ///< from the device to the guest
        stopped,  ///< VFIO signals no more and no handler runs; KVM still listens
    };

    virtual ~PassthroughLine() = default;
    PassthroughLine(const PassthroughLine&) = delete;
    PassthroughLine& operator=(const PassthroughLine&) = delete;

    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] Spi guest() const noexcept { return guest_; }

    /// After Vgic::init(): before, KVM refuses.
    void arm();
    /// Just before the first KVM_RUN: an interrupt that fired into a vGIC that is still being set
    /// up could be lost there, and a level line would then stay masked for ever.
    void go_live();
    /// Waits for a handler that runs; what it signalled still reaches the guest.
    void stop();
    /// Waits until nothing is in flight and lowers the guest's line.
    void disarm();

protected:
    PassthroughLine(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest);

    /// From any state to disarmed, as far as the kernel lets it: for the destructors of the derived
    /// classes, whose steps are gone when this one's runs.
    void take_down() noexcept;

    /// Each does its steps, or undoes what it did and throws.
    virtual void do_arm() = 0;
    virtual void do_go_live() = 0;
    virtual void do_stop() = 0;
    virtual void do_disarm() = 0;

    kvm::Vm& vm_;
    vfio::PlatformDevice& device_;
    const vfio::IrqIndex index_;
    const Spi guest_;
    EventFd event_; ///< signalled by VFIO, taken by KVM

private:
    State state_{State::disarmed};
};

/// Runs the undoing of a step that failed. The failure is on its way to the caller and is the one
/// to report, so another one on the way back is dropped.
template <class Action>
void undo(Action&& action) noexcept
{
    try
    {
        action();
    }
    catch (...)
    {
    }
}

} // namespace aliasvm::devices
