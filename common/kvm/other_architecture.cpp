// SPDX-License-Identifier: Apache-2.0
// Builds that are no arm64: everything compiles and is tested, but no virtual ZynqMP can run.
#include "common/base/error.hpp"
#include "common/kvm/architecture.hpp"

#include <cerrno>

namespace aliasvm::kvm
{

std::span<const Capability> architecture_capabilities() noexcept
{
    return {};
}

std::unique_ptr<Vcpu> make_vcpu(int, VcpuIndex index, std::size_t)
{
    throw Error{ENOTSUP, "create vCPU {}: this build is not for an arm64 host", index.value};
}

std::unique_ptr<Vgic> make_vgic(int, const VgicLayout&)
{
    throw Error{ENOTSUP, "create a GICv2: this build is not for an arm64 host"};
}

} // namespace aliasvm::kvm
