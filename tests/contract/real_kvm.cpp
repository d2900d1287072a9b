// SPDX-License-Identifier: Apache-2.0
// The contract over the /dev/kvm of an arm64 machine.
#include "tests/contract/kvm_contract.hpp"

#include "common/kvm/open.hpp"

namespace aliasvm::contract
{

const Implementation real{"dev_kvm", &kvm::open_system};

INSTANTIATE_TEST_SUITE_P(Real, KvmContract, testing::Values(real),
                         [](const auto& suite) { return suite.param.name; });

} // namespace aliasvm::contract
