// SPDX-License-Identifier: Apache-2.0
// GroupNotViable: a device cannot be had because of what another one of its group is bound to.
#pragma once

#include "common/base/error.hpp"

namespace aliasvm::vfio
{

/// Says which devices of the IOMMU group a host driver has. An IOMMU cannot tell the devices of a
/// group apart, so VFIO gives a group as a whole or not at all (Documentation/driver-api/vfio.rst).
class GroupNotViable : public Error
{
public:
    using Error::Error;
};

} // namespace aliasvm::vfio
