// SPDX-License-Identifier: Apache-2.0
// LevelLine: a level interrupt of a physical device, as one of the guest's.
#pragma once

#include "devices/passthrough/line_watch.hpp"
#include "devices/passthrough/passthrough_line.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace aliasvm::devices
{

/// The kernel masks the physical line each time it fires, and unmasks it when the guest has said
/// EOI: a device that still wants something then fires again, so that a level is neither lost nor
/// a storm. That loop needs the guest's line to be level in its GIC too (Vgic::preset_trigger).
///
///     device → GIC → VFIO masks, signals eventfd → KVM raises `guest`
///     guest's EOI → KVM lowers it, signals resample → VFIO unmasks
///
/// What VFIO's mask is, from drivers/vfio/platform/vfio_platform_irq.c (6.12): a flag of one level
/// beside the enable of the interrupt itself, not a depth. MASK and UNMASK twice are MASK and
/// UNMASK once, MASK is legal before there ever was an eventfd, and UNMASK without one fires
/// nothing.
///
/// A guest may have the line as edge all the same, as a FreeRTOS tick does. KVM then tells nobody
/// of the EOI, and the loop above would stand after one interrupt. So with a watch the line begins
/// in this process's hands:
///
///     watched:   each interrupt is passed on by hand. The first EOI that KVM tells of shows that
///                the guest has the line as level: from then on the kernel does it all (forwarded).
///                If none comes, the guest's GIC is looked at, again and again but ever more
///                seldom.
///     as edge:   each interrupt is passed on by hand, and the physical line is unmasked a little
///                later. If it fires at that, either the guest has not come to its device yet, or
///                there is a new edge; the guest's GIC tells which. So no edge is lost; and none
///                made up, unless the guest leaves its device's line high.
///
/// A guest that changes a line from level to edge after its first interrupt is not noticed.
class LevelLine final : public PassthroughLine, private Watched
{
public:
    /// Forwarded from the start without a watch, which outlives the line.
    LevelLine(kvm::Vm& vm, vfio::PlatformDevice& device, vfio::IrqIndex index, Spi guest,
              LineWatch* watch = nullptr)
        : PassthroughLine{vm, device, index, guest}, watch_{watch}
    {
    }
    ~LevelLine() override { take_down(); }

    enum class Path : std::uint8_t
    {
        watched,
        forwarded,
        as_edge,
    };
    [[nodiscard]] Path path() const noexcept { return path_; }

    // How long after an interrupt the guest's GIC is looked at for the first time, and at the most.
    static constexpr std::chrono::microseconds first_look{1000};
    static constexpr std::chrono::microseconds longest_look{1'000'000};
    // How long a line that the guest has as edge stays masked: a part of the time between two
    // edges, between these; and how long at the most if the guest does not come to its device.
    static constexpr int part_of_period = 4;
    static constexpr std::chrono::microseconds shortest_mask{200};
    static constexpr std::chrono::microseconds longest_mask{4000};
    static constexpr std::chrono::microseconds longest_wait{16'000};
    /// An interrupt so soon after the unmasking may be of a line that was high already, and so may
    /// one that comes well before the next is due: the main loop may be late.
    static constexpr std::chrono::microseconds at_once{500};

private:
    void do_arm() override;
    void do_go_live() override;
    void do_stop() override;
    void do_disarm() override;

    void serve(WatchTime now) noexcept override;
    [[nodiscard]] std::optional<WatchTime> due() const noexcept override { return due_; }
    void fired(WatchTime now) noexcept;
    [[nodiscard]] bool may_be_the_last(WatchTime now) const noexcept;
    void come_due(WatchTime now) noexcept;
    void pass_on(WatchTime now) noexcept;
    void forward() noexcept;
    void unmask_by_hand(WatchTime now) noexcept;

    LineWatch* watch_;
    EventFd fired_;    ///< signalled by VFIO, taken here; unless the line is forwarded
    EventFd resample_; ///< signalled by KVM, taken by VFIO if the line is forwarded, else here
    Path path_{Path::forwarded};
    std::optional<WatchTime> due_;
    std::optional<WatchTime> passed_on_; ///< last
    std::optional<WatchTime> unmasked_;  ///< last, and nothing has come since
    bool late_{}; ///< the guest had not come to its device when it was looked at last
    bool idle_{}; ///< it had nothing of this line in hand when it was looked at, and got nothing
                  ///< since
    std::chrono::microseconds period_{}; ///< between the last two that were passed on
    std::chrono::microseconds delay_{};  ///< the next, of a look or of the unmasking
};

} // namespace aliasvm::devices
