// SPDX-License-Identifier: Apache-2.0
// The system ioctls, and the checks that keep a later failure from being a riddle.
#include "common/kvm/linux_system.hpp"

#include "common/base/error.hpp"
#include "common/base/ioctl.hpp"
#include "common/kvm/architecture.hpp"
#include "common/kvm/linux_vm.hpp"
#include "common/kvm/open.hpp"

#include <fcntl.h>
#include <linux/kvm.h>

#include <algorithm>
#include <cerrno>

namespace aliasvm::kvm
{

namespace
{

constexpr unsigned default_ipa_bits = 40; // what VM type 0 means on arm64 (api.rst, KVM_CREATE_VM)

constexpr Capability needed[] = {
    {KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY", "use a Linux kernel from 5.10 on"},
    {KVM_CAP_ONE_REG, "KVM_CAP_ONE_REG", "use a Linux kernel from 5.10 on"},
    {KVM_CAP_DEVICE_CTRL, "KVM_CAP_DEVICE_CTRL", "use a Linux kernel from 5.10 on"},
    {KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT", "use a Linux kernel from 5.10 on"},
    {KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP", "the host's GIC must have virtualization extensions"},
    {KVM_CAP_IRQFD, "KVM_CAP_IRQFD", "build the kernel with CONFIG_EVENTFD"},
    {KVM_CAP_IRQFD_RESAMPLE, "KVM_CAP_IRQFD_RESAMPLE", "build the kernel with CONFIG_EVENTFD"},
};

/// 0 if the host has no such capability, else its value, 1 for most.
int extension(int fd, unsigned long number) noexcept
{
    return std::max(0, retrying_ioctl(fd, KVM_CHECK_EXTENSION, number));
}

void require(int fd, std::span<const Capability> capabilities)
{
    for (const Capability& capability : capabilities)
    {
        if (extension(fd, capability.number) == 0)
            throw Error{ENOTSUP, "use /dev/kvm, which lacks {} ({})", capability.name,
                        capability.mend};
    }
}

const char* mend_of_open(int error) noexcept
{
    switch (error)
    {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return " (the kernel must have CONFIG_KVM and have been started at EL2)";
    case EACCES:
    case EPERM:
        return " (the group kvm may open it: add this user to it)";
    default:
        return "";
    }
}

} // namespace

std::unique_ptr<System> open_system()
{
    UniqueFd kvm{::open("/dev/kvm", O_RDWR | O_CLOEXEC)};
    if (!kvm.ok())
        throw Error{errno, "open /dev/kvm{}", mend_of_open(errno)};
    return adopt_system(std::move(kvm));
}

std::unique_ptr<System> adopt_system(UniqueFd kvm)
{
    return std::make_unique<LinuxSystem>(std::move(kvm));
}

LinuxSystem::LinuxSystem(UniqueFd kvm) : fd_{std::move(kvm)}
{
    const int version =
        require_ioctl(fd_.get(), KVM_GET_API_VERSION, 0UL, "ask /dev/kvm for its version");
    if (version != KVM_API_VERSION)
        throw Error{ENOTSUP, "use /dev/kvm, which speaks version {} of the API, not {}", version,
                    KVM_API_VERSION};
    require(fd_.get(), needed);
    require(fd_.get(), architecture_capabilities());
    run_area_size_ = static_cast<std::size_t>(require_ioctl(
        fd_.get(), KVM_GET_VCPU_MMAP_SIZE, 0UL, "ask /dev/kvm for the size of a vCPU's run area"));
}

unsigned LinuxSystem::ipa_bits()
{
    const int limit = extension(fd_.get(), KVM_CAP_ARM_VM_IPA_SIZE);
    return limit == 0 ? default_ipa_bits : std::min(static_cast<unsigned>(limit), default_ipa_bits);
}

bool LinuxSystem::stolen_time()
{
    return extension(fd_.get(), KVM_CAP_STEAL_TIME) != 0;
}

bool LinuxSystem::offers_pmu()
{
    return extension(fd_.get(), KVM_CAP_ARM_PMU_V3) != 0;
}

std::unique_ptr<Vm> LinuxSystem::create_vm()
{
    // Type 0 asks for 40 bits and is refused by a CPU that has less; only then is the size given.
    const unsigned bits = ipa_bits();
    const unsigned long type = bits == default_ipa_bits ? 0 : KVM_VM_TYPE_ARM_IPA_SIZE(bits);
    UniqueFd vm{require_ioctl(fd_.get(), KVM_CREATE_VM, type,
                              "create a VM with {} bits of guest-physical addresses", bits)};

    // Without it an LDP or STP to an address that nothing backs ends KVM_RUN with ENOSYS, and a
    // guest could end its VM by one instruction (api.rst, KVM_CAP_ARM_NISV_TO_USER).
    if (extension(vm.get(), KVM_CAP_ARM_NISV_TO_USER) != 0)
    {
        kvm_enable_cap enable{};
        enable.cap = KVM_CAP_ARM_NISV_TO_USER;
        require_ioctl(vm.get(), KVM_ENABLE_CAP, &enable, "enable KVM_CAP_ARM_NISV_TO_USER");
    }
    return std::make_unique<LinuxVm>(std::move(vm), run_area_size_);
}

} // namespace aliasvm::kvm
