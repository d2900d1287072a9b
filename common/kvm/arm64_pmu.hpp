// SPDX-License-Identifier: Apache-2.0
// The performance counters of a vCPU: their interrupt, and how a guest finds them.
#pragma once

#include "common/kvm/port.hpp"

namespace aliasvm::kvm
{

/// Of a vCPU with KVM_ARM_VCPU_PMU_V3, once, after Vgic::init(): its overflow is pmu_overflow.
/// Documentation/virt/kvm/devices/vcpu.rst, KVM_ARM_VCPU_PMU_V3_CTRL. Throws Error.
void connect_pmu(int vcpu, VcpuIndex index);

/// Its registers are 0, as the Cortex-A53 has them after a reset. The architecture leaves them
/// unknown there, and KVM fills them with a pattern: a guest that sets PMCR_EL0.E and nothing else,
/// as AMD's BSP does, would have an overflow pending from its first instruction on. Pitfall: KVM
/// fills those of a vCPU that PSCI's CPU_ON starts again, where nobody can mend it.
void rest_pmu(int vcpu, VcpuIndex index);

} // namespace aliasvm::kvm
