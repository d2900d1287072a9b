// SPDX-License-Identifier: Apache-2.0
// VmPlan: everything that a machine will be, decided before anything is opened.
#pragma once

#include "vmm/base/address.hpp"
#include "vmm/base/spi.hpp"
#include "vmm/base/vm_name.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aliasvm::plan
{

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
    std::vector<Segment> segments;
    GuestAddr entry;
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
    GuestRange memory; ///< of a file exactly its size; else room for what is generated
    std::optional<std::string> file;
};

/// What stands behind an alias.
enum class Backing : std::uint8_t
{
    instance,  ///< a physical device, passed through
    console,   ///< the emulated Cadence UART
    power_key, ///< the emulated ZynqMP GPIO with the board's push button
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

struct AliasPlan
{
    std::string name; ///< "uart0": what the guest was built for
    Backing backing{};
    std::string instance; ///< catalogue name, "uart1"; empty unless backing is instance
    std::string sysname;  ///< below /sys/bus/platform/devices, "ff010000.serial"
    bool dma{};           ///< the instance is a bus master
    std::string node;     ///< catalogue path of the node that the guest's node is made from
    std::vector<Window> windows;
    std::vector<Line> lines;
};

struct VmPlan
{
    VmName name;
    GuestRange memory{}; ///< one bank, from 0
    /// Parts of `memory` that no device can reach by DMA; only if an alias is of a bus master. The
    /// generated device tree keeps the guest's allocator out of them.
    std::vector<GuestRange> dma_holes{};
    std::uint32_t vcpus{};
    GuestRange gic_distributor{};
    GuestRange gic_cpu_interface{};
    ImagePlan kernel{};
    std::optional<FilePlan> initrd{};
    DtbPlan dtb{};
    std::string cmdline{};
    std::vector<AliasPlan> aliases{};
    std::chrono::seconds stop_timeout{}; ///< from the power key to the forced end
};

} // namespace aliasvm::plan
