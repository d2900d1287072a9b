// SPDX-License-Identifier: Apache-2.0
// The device attributes of KVM's GICv2.
#include "common/kvm/arm64_vgic.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/kvm/architecture.hpp"

#include <linux/kvm.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace aliasvm::kvm
{

namespace
{

static_assert(VgicLayout::distributor_size == KVM_VGIC_V2_DIST_SIZE);
static_assert(VgicLayout::cpu_interface_size == KVM_VGIC_V2_CPU_SIZE);

constexpr std::uint32_t private_interrupts = 32;
constexpr std::uint64_t gicd_icfgr = 0xc00; // IHI 0048, 4.3.13: 2 bits a line, 16 lines a register
constexpr std::uint32_t lines_per_icfgr = 16;
constexpr std::uint64_t gicd_iidr = 0x008; // IHI 0048, 4.3.3

kvm_device_attr attribute(std::uint32_t group, std::uint64_t number, void* value) noexcept
{
    kvm_device_attr attr{};
    attr.group = group;
    attr.attr = number;
    attr.addr = reinterpret_cast<std::uintptr_t>(value);
    return attr;
}

/// The upper half of the attribute is the id of the vCPU whose view is meant, the lower one the
/// register's offset.
kvm_device_attr dist_register(VcpuIndex cpu, std::uint64_t offset, std::uint32_t* value) noexcept
{
    return attribute(KVM_DEV_ARM_VGIC_GRP_DIST_REGS,
                     std::uint64_t{cpu.value} << KVM_DEV_ARM_VGIC_CPUID_SHIFT | offset, value);
}

void place(int device, std::uint64_t type, GuestAddr at, const char* what)
{
    std::uint64_t address = at.value;
    const auto attr = attribute(KVM_DEV_ARM_VGIC_GRP_ADDR, type, &address);
    require_ioctl(device, KVM_SET_DEVICE_ATTR, &attr, "place the GIC's {} at guest {:#x}", what,
                  at.value);
}

} // namespace

std::unique_ptr<Vgic> make_vgic(int vm, const VgicLayout& layout)
{
    kvm_create_device create{};
    create.type = KVM_DEV_TYPE_ARM_VGIC_V2;
    if (retrying_ioctl(vm, KVM_CREATE_DEVICE, &create) < 0)
        throw Error{errno, "create a GICv2{}",
                    errno == ENODEV  ? " (the host's GIC cannot serve GICv2 guests)"
                    : errno == EBUSY ? " (a vCPU has run already)"
                                     : ""};
    return std::make_unique<Arm64Vgic>(UniqueFd{static_cast<int>(create.fd)}, layout);
}

Arm64Vgic::Arm64Vgic(UniqueFd device, const VgicLayout& layout) : fd_{std::move(device)}
{
    place(fd_.get(), KVM_VGIC_V2_ADDR_TYPE_DIST, layout.distributor, "distributor");
    place(fd_.get(), KVM_VGIC_V2_ADDR_TYPE_CPU, layout.cpu_interface, "CPU interface");
    // Before init(): the number is then fixed, and would be 256.
    std::uint32_t count = Spi::count + private_interrupts;
    const auto attr = attribute(KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &count);
    require_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &attr, "give the GIC {} interrupts", count);
}

void Arm64Vgic::init()
{
    const auto attr = attribute(KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, nullptr);
    require_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &attr, "initialise the GIC");

    // Until its own revision is written back to it KVM takes no interrupt groups from here, while
    // it takes them from the guest (arm-vgic.rst): store_distributor() is to be as good as that.
    std::uint32_t revision = 0;
    const auto iidr = dist_register({}, gicd_iidr, &revision);
    require_ioctl(fd_.get(), KVM_GET_DEVICE_ATTR, &iidr, "read GICD_IIDR");
    require_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &iidr, "write GICD_IIDR back");
}

void Arm64Vgic::preset_all_level()
{
    for (std::uint32_t id = private_interrupts; id < private_interrupts + Spi::count;
         id += lines_per_icfgr)
    {
        std::uint32_t level = 0;
        const auto attr =
            dist_register({}, gicd_icfgr + id / lines_per_icfgr * sizeof level, &level);
        require_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &attr,
                      "preset the triggers of INTID {} and the {} after it", id,
                      lines_per_icfgr - 1);
    }
}

void Arm64Vgic::preset_trigger(Spi line, Trigger trigger)
{
    // SPIs look the same to all; vCPU 0 always exists.
    const std::uint64_t offset =
        gicd_icfgr + line.intid() / lines_per_icfgr * sizeof(std::uint32_t);
    std::uint32_t value = 0;
    const auto attr = dist_register({}, offset, &value);
    require_ioctl(fd_.get(), KVM_GET_DEVICE_ATTR, &attr, "read GICD_ICFGR of SPI {} (INTID {})",
                  line.dt_cell(), line.intid());

    const std::uint32_t shift = line.intid() % lines_per_icfgr * 2;
    const std::uint32_t edge_bit = 2U << shift; // the upper bit of the two; the lower is reserved
    value = trigger == Trigger::edge ? value | edge_bit : value & ~edge_bit;
    // KVM locks every vCPU for this: EBUSY while one of them is in KVM_RUN.
    require_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &attr, "preset the trigger of SPI {} (INTID {})",
                  line.dt_cell(), line.intid());
}

std::uint32_t Arm64Vgic::load_distributor(VcpuIndex cpu, GicdOffset at) noexcept
{
    std::uint32_t value = 0;
    const auto attr = dist_register(cpu, at.value, &value);
    return retrying_ioctl(fd_.get(), KVM_GET_DEVICE_ATTR, &attr) < 0 ? 0 : value;
}

void Arm64Vgic::store_distributor(VcpuIndex cpu, GicdOffset at, std::uint32_t value) noexcept
{
    // Read-only to a guest; from here it is how a VMM says which revision it knows.
    if (at.value == gicd_iidr)
        return;
    const auto attr = dist_register(cpu, at.value, &value);
    (void)retrying_ioctl(fd_.get(), KVM_SET_DEVICE_ATTR, &attr); // ENXIO: there is no such register
}

} // namespace aliasvm::kvm
