// SPDX-License-Identifier: Apache-2.0
// From handed descriptors to an open device.
#include "common/vfio/handed_host.hpp"

#include "common/base/error.hpp"
#include "common/vfio/linux_platform_device.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

namespace aliasvm::vfio
{

namespace
{

constexpr std::size_t device_alone = 1;
constexpr std::size_t with_container = 2;

} // namespace

void HandedHost::hand_in(std::string name, std::vector<UniqueFd> descriptors)
{
    if (descriptors.size() != device_alone && descriptors.size() != with_container)
        throw Error{EINVAL,
                    "take over {}: {} descriptors (the device is one, the container of a "
                    "bus master another)",
                    name, descriptors.size()};
    if (!std::ranges::all_of(descriptors, &UniqueFd::ok))
        throw Error{EBADF, "take over {}", name};
    handed_in_.insert_or_assign(std::move(name), std::move(descriptors));
}

std::unique_ptr<PlatformDevice> HandedHost::open(std::string_view name, Dma dma)
{
    const auto found = handed_in_.find(name);
    if (found == handed_in_.end())
        throw Error{ENODEV, "open {}: nobody handed it over", name};
    auto handed = handed_in_.extract(found);
    const std::string& key = handed.key();
    std::vector<UniqueFd>& descriptors = handed.mapped();
    if (!devices_[key].expired())
        throw Error{EBUSY, "open {}, which this process has open", name};
    if (dma == Dma::iommu && descriptors.size() != with_container)
        throw Error{EINVAL,
                    "open {}: it does DMA, and was handed over without the container that confines "
                    "it",
                    name};
    if (dma == Dma::identity && descriptors.size() != device_alone)
        throw Error{
            EINVAL,
            "open {}: its DMA is to be at identity, and it was handed over with a container "
            "that confines it",
            name};

    std::shared_ptr<LinuxContainer> container;
    if (dma == Dma::iommu)
        container = std::make_shared<LinuxContainer>(std::move(descriptors[1]),
                                                     LinuxContainer::Kind::type1);
    // Tells when the device is closed.
    const auto lease = std::make_shared<const char>();
    auto opened = std::make_unique<LinuxPlatformDevice>(std::move(descriptors[0]), key, lease,
                                                        std::move(container));
    devices_[key] = lease;
    return opened;
}

} // namespace aliasvm::vfio
