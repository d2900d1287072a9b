// SPDX-License-Identifier: Apache-2.0
// The contract over the fake.
#include "tests/contract/kvm_contract.hpp"

#include "tests/fakes/fake_kvm.hpp"

namespace aliasvm::contract
{

const Implementation fake{
    "fake", []() -> std::unique_ptr<kvm::System> { return std::make_unique<fakes::FakeSystem>(); }};

INSTANTIATE_TEST_SUITE_P(Fake, KvmContract, testing::Values(fake),
                         [](const auto& suite) { return suite.param.name; });

} // namespace aliasvm::contract
