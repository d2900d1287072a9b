// SPDX-License-Identifier: Apache-2.0
// Just enough of PCI: bus mastering on, the first BAR mapped.
#include "tests/virt/programs/edu.hpp"

#include "common/base/ioctl.hpp"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

namespace aliasvm::tests
{

namespace
{

constexpr std::uint64_t dma_from = 0x80;
constexpr std::uint64_t dma_to = 0x88;
constexpr std::uint64_t dma_bytes = 0x90;
constexpr std::uint64_t dma_command = 0x98;
constexpr std::uint64_t start = 1;      // reads 1 until it is done
constexpr std::uint64_t out_of_edu = 2; // the direction
constexpr std::uint64_t page_of_edu = 0x40000;

vfio::IommuGroup group_of(const std::string& address)
{
    // The group of a device of a device tree is made when a driver is first bound to it.
    const auto link =
        std::filesystem::read_symlink("/sys/bus/pci/devices/" + address + "/iommu_group");
    return {static_cast<std::uint32_t>(std::stoul(link.filename())), false};
}

vfio_region_info region(int device, std::uint32_t index)
{
    vfio_region_info info{};
    info.argsz = sizeof info;
    info.index = index;
    require_ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info, "ask for region {} of edu", index);
    return info;
}

void enable_bus_master(int device)
{
    const auto config = region(device, VFIO_PCI_CONFIG_REGION_INDEX);
    const auto command = static_cast<off_t>(config.offset) + PCI_COMMAND;
    const std::uint16_t on = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    if (::pwrite(device, &on, sizeof on, command) != sizeof on)
        throw Error{errno, "let edu do DMA"};
}

Mapping map_registers(int device)
{
    const auto bar = region(device, VFIO_PCI_BAR0_REGION_INDEX);
    return Mapping::shared(device, bar.offset, bar.size, "registers of edu");
}

std::shared_ptr<vfio::LinuxGroup> open_group(const std::string& address,
                                             std::shared_ptr<vfio::LinuxContainer> container)
{
    const vfio::IommuGroup which = group_of(address);
    const std::string node = "/dev/vfio/" + std::to_string(which.number);
    UniqueFd fd{::open(node.c_str(), O_RDWR | O_CLOEXEC)};
    if (!fd.ok())
        throw Error{errno, "open {}", node};
    return std::make_shared<vfio::LinuxGroup>(std::move(fd), which, std::move(container),
                                              vfio::Sysfs{});
}

} // namespace

Edu::Edu(const std::string& address, std::shared_ptr<vfio::LinuxContainer> container)
    : group_{open_group(address, std::move(container))}, device_{group_->open_device(address)},
      registers_{map_registers(device_.get())}
{
    enable_bus_master(device_.get());
}

void Edu::load(std::uint64_t iova, std::uint64_t bytes)
{
    run(iova, page_of_edu, bytes, start);
}

void Edu::store(std::uint64_t iova, std::uint64_t bytes)
{
    run(page_of_edu, iova, bytes, start | out_of_edu);
}

void Edu::run(std::uint64_t from, std::uint64_t to, std::uint64_t bytes, std::uint64_t command)
{
    // More than its page ends QEMU.
    if (bytes > page_size)
        throw Error{EINVAL, "have edu copy {} bytes", bytes};
    at(dma_from) = from;
    at(dma_to) = to;
    at(dma_bytes) = bytes;
    at(dma_command) = command;
    while ((at(dma_command) & start) != 0)
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
}

volatile std::uint64_t& Edu::at(std::uint64_t offset) const
{
    return *reinterpret_cast<volatile std::uint64_t*>(registers_.data() + offset);
}

} // namespace aliasvm::tests
