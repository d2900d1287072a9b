// SPDX-License-Identifier: Apache-2.0
// VmPlan: everything that a machine will be, decided before anything is opened.
#pragma once

#include "common/base/address.hpp"
#include "common/base/dma.hpp"
#include "common/base/problem.hpp"
#include "common/base/spi.hpp"
#include "common/base/vm_name.hpp"
#include "common/plan/mac_address.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace aliasvm::plan
{

/// RAM in one piece: one memory slot.
struct Bank
{
    GuestRange range;
    bool dma{true}; ///< devices can reach it, but for the holes
    /// Where it lies in the file of hugepages that the daemon hands over; nothing for ordinary
    /// memory, which the VMM takes for itself.
    std::optional<std::uint64_t> offset;
};

/// True rates in hertz, by EEMI clock id.
using ClockRates = std::map<std::uint32_t, std::uint32_t>;

/// A piece of an image file and the guest memory it goes to. What the memory has beyond the file's
/// bytes is zero (ELF .bss).
struct Segment
{
    GuestRange memory;
    std::uint64_t file_offset{};
    std::uint64_t file_size{}; ///< <= memory.size
};

enum class ImageKind : std::uint8_t
{
    elf,
    arm64_image,
    raw,
};

struct ImagePlan
{
    std::string file;
    ImageKind kind{};
    std::vector<Segment> segments; ///< of the unpacked file, if it is packed
    GuestAddr entry;
    std::optional<std::uint64_t> unpacked_size{}; ///< of a gzip file; nothing: it is none
};

/// A file that goes to guest memory as it is; `memory.size` is the file's size.
struct FilePlan
{
    std::string file;
    GuestRange memory;
};

/// The device tree of the guest: generated, unless the configuration names a file.
struct DtbPlan
{
    GuestRange memory; ///< room for it
    std::optional<std::string> file;
    /// Of a file: nodes of devices that this machine has not, and the guest's copy has disabled.
    std::vector<std::string> absent{};
    /// Of a file: nodes of aliases that are disabled in it.
    std::vector<std::string> asleep{};
    /// Of a file: aliases that no node of it is about, or one that is disabled.
    std::vector<std::string> untold{};
};

/// What stands behind an alias.
enum class Backing : std::uint8_t
{
    instance,  ///< a physical device, passed through
    console,   ///< the emulated Cadence UART
    power_key, ///< the emulated ZynqMP GPIO with the board's push button
    clock,     ///< the emulated ZynqMP RTC, with the host's time
    none,      ///< nothing yet: reads 0, writes vanish, no interrupts
};

/// One register window. `host` is empty unless an instance stands behind the alias.
struct Window
{
    GuestRange guest;
    std::optional<HostRange> host;
    std::uint32_t vfio_region{};
};

/// One interrupt line. `host` is empty unless an instance stands behind the alias.
/// A device that lists the same SPI twice (GEM) has one line, with the first index.
struct Line
{
    Spi guest;
    std::optional<Spi> host;
    Trigger trigger{}; ///< as the guest's device tree says it
    std::uint32_t vfio_irq{};
};

/// What a guest must be told of its Ethernet interface.
struct Ethernet
{
    MacAddress mac;
    std::optional<std::uint32_t> phy; ///< MDIO address; nothing: a fixed link, 1 Gb/s full duplex
};

struct AliasPlan
{
    std::string name; ///< "uart0": what the guest was built for
    Backing backing{};
    std::string instance; ///< catalogue name, "uart1"; empty unless backing is instance
    std::string sysname;  ///< below /sys/bus/platform/devices, "ff010000.serial"
    Dma dma{};            ///< what the instance reaches; none if it is no bus master
    std::vector<std::string> compatible; ///< of the instance: what it takes to bring it to rest
    std::string node; ///< catalogue path of the node that the guest's node is made from
    std::optional<Ethernet> ethernet; ///< of aliases of GEMs
    std::vector<Window> windows;
    std::vector<Line> lines;
};

struct VmPlan
{
    VmName name;
    /// RAM: ascending, no two overlap, never empty. With Dma::identity, guest-physical is
    /// host-physical in the banks that have an offset.
    std::vector<Bank> memory{};
    /// The SoC's on-chip memory, if the configuration wants it: RAM beside the main memory, where
    /// only an ELF file or a raw binary puts anything.
    std::optional<Bank> ocm{};
    bool example_place{}; ///< where the host's hugepages lie is not known: memory is an example
    /// Parts of `memory` that no device can reach by DMA; only if an alias is of a bus master. The
    /// generated device tree keeps the guest's allocator out of them.
    std::vector<GuestRange> dma_holes{};
    ClockRates clock_rates{}; ///< those that the host says; for others the catalogue's are good
    std::uint32_t vcpus{};
    bool pmu{}; ///< each vCPU has performance counters
    GuestRange gic_distributor{};
    GuestRange gic_cpu_interface{};
    ImagePlan kernel{};
    std::optional<FilePlan> initrd{};
    DtbPlan dtb{};
    std::string cmdline{};
    std::vector<AliasPlan> aliases{};
    std::chrono::seconds stop_timeout{}; ///< from the power key to the forced end
    Problems warnings{}; ///< what is not wrong, but should be known; in the order of the file
};

} // namespace aliasvm::plan
