// SPDX-License-Identifier: Apache-2.0
// FakeHost: a VFIO for tests, with the masking of vfio-platform.
#pragma once

#include "common/vfio/port.hpp"
#include "tests/fakes/faults.hpp"
#include "tests/fakes/nth_call.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace aliasvm::fakes
{

/// A physical device; the port's object is a handle to it. Everything may be called from any
/// thread. Where the kernel would act by itself (UNMASK by eventfd), the fake does it when it is
/// asked something or told settle().
class DeviceModel
{
public:
    enum class Call : std::uint8_t
    {
        open,
        map,
        map_memory,
        unmap_memory,
        set_signal,
        clear_signal,
        set_unmask_on,
        clear_unmask,
        mask,
        unmask,
        region,
        irq,
    };

    DeviceModel(std::string name, std::vector<vfio::Region> regions, std::vector<vfio::Irq> irqs);

    // -- what a test says
    void fail(Call call, int error, unsigned skip = 0);
    NthCall* nth_call{}; ///< may be null
    /// Hears of each call that changes something, in the words "mask 0", "map_memory" and "close".
    /// Under the model's lock: it must not ask the model anything.
    std::function<void(std::string)> on_call;
    bool noiommu{}; ///< in a noiommu group
    /// What its DMA reaches, in pieces: guest-physical and where it lies in this process.
    std::vector<std::pair<GuestRange, std::byte*>> dma;

    // -- what the hardware does
    /// The device wants attention: a level goes up and stays, an edge comes once.
    void raise(std::uint32_t irq);
    /// The driver has served a level device.
    void lower(std::uint32_t irq);
    void settle();

    // -- what a test looks at
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] bool opened() const;
    [[nodiscard]] bool masked(std::uint32_t irq);
    [[nodiscard]] bool has_signal(std::uint32_t irq) const;
    [[nodiscard]] bool resamples(std::uint32_t irq) const;
    /// How often the handler has run.
    [[nodiscard]] unsigned fired(std::uint32_t irq);
    /// The registers, shared with every mapping of the region.
    [[nodiscard]] std::byte* registers(std::uint32_t region) const;

private:
    friend class FakePlatformDevice;
    friend class FakeHost;

    struct IrqState
    {
        vfio::Irq kind;
        std::optional<UniqueFd> event;
        std::optional<UniqueFd> unmask_on;
        bool masked{};
        bool up{};      ///< a level device wants something
        bool latched{}; ///< an edge that came while the line was off
        unsigned fired{};
    };

    IrqState& state(vfio::IrqIndex index);
    void deliver(IrqState& irq);
    void unmask_locked(IrqState& irq);
    void settle_locked();
    void check(Call call, const std::string& words);
    void call(Call call, const std::string& words);

    const std::string name_;
    const std::vector<vfio::Region> regions_;
    mutable std::mutex mutex_;
    Faults<Call> faults_;
    std::vector<IrqState> irqs_;
    std::vector<UniqueFd> memory_;   ///< a memfd a region
    std::vector<Mapping> registers_; ///< the test's own view
    bool opened_{};
};

/// Knows the devices that were add()ed.
class FakeHost final : public vfio::Host
{
public:
    /// A level UART-like device unless said otherwise: one mappable page, one automasked interrupt.
    DeviceModel& add(std::string name, std::vector<vfio::Region> regions = {{page_size, true}},
                     std::vector<vfio::Irq> irqs = {{.automasked = true}});
    [[nodiscard]] DeviceModel& device(std::string_view name) const;

    [[nodiscard]] std::unique_ptr<vfio::PlatformDevice> open(std::string_view name,
                                                             Dma dma) override;

    /// What the IOMMU can translate; as on a ZynqMP with the kernel's MSI window left out.
    std::vector<GuestRange> usable{{GuestAddr{0}, 0x0800'0000},
                                   {GuestAddr{0x0810'0000}, 0xffff'f7f0'0000}};

private:
    std::map<std::string, std::unique_ptr<DeviceModel>, std::less<>> devices_;
};

} // namespace aliasvm::fakes
