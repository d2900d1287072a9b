// SPDX-License-Identifier: Apache-2.0
// The contract over the fake, as a host with a PMU for guests and as one without.
#include "tests/contract/kvm_contract.hpp"

#include "tests/fakes/fake_kvm.hpp"

namespace aliasvm::contract
{

namespace
{

template <bool pmu>
std::unique_ptr<kvm::System> open()
{
    auto system = std::make_unique<fakes::FakeSystem>();
    system->pmu = pmu;
    return system;
}

} // namespace

const Implementation with_pmu{"fake", &open<true>};
const Implementation without_pmu{"fake_without_pmu", &open<false>};

INSTANTIATE_TEST_SUITE_P(Fake, KvmContract, testing::Values(with_pmu, without_pmu),
                         [](const auto& suite) { return suite.param.name; });

} // namespace aliasvm::contract
