// SPDX-License-Identifier: Apache-2.0
// host_traits: the real catalogue against nodes in a directory that looks like sysfs.
#include "common/facts/host_traits.hpp"

#include "common/base/file.hpp"
#include "tests/unit/vfio/host_tree.hpp"

#include <cstdlib>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class HostTraits : public testing::Test
{
protected:
    [[nodiscard]] plan::HostTraits found() const
    {
        const char* const path = std::getenv("ALIASVM_TEST_CATALOGUE");
        if (path == nullptr)
            throw std::runtime_error{"ALIASVM_TEST_CATALOGUE is not set; run this by meson test"};
        static const plan::Catalogue zynqmp{read_file(path), path};
        return facts::host_traits(zynqmp, tree.sys());
    }
    void add(const std::string& device, const std::string& interrupts) const
    {
        tree.add_device(device, "");
        tree.add_node(device, device + ".smmu");
        tree.set_property("axi/" + device, "interrupts", interrupts);
    }

    vfio::HostTree tree;
};

TEST_F(HostTraits, AreTheTriggersThatTheHostsTreeSays)
{
    EXPECT_THAT(found().triggers, IsEmpty());
    add("ff140000.timer", "\0\0\0\0\0\0\0\x2d\0\0\0\1\0\0\0\0\0\0\0\x2e\0\0\0\4"s);
    tree.add_device("ff110000.timer", ""); // has no node
    EXPECT_THAT(found().triggers,
                ElementsAre(Pair("ff140000.timer", ElementsAre(Trigger::edge, Trigger::level))));
}

TEST_F(HostTraits, AreNoneWhereTheTreeIsNotUnderstood)
{
    // A PPI, a falling edge, and half an interrupt.
    add("ff140000.timer", "\0\0\0\1\0\0\0\x0e\0\0\0\1\0\0\0\0\0\0\0\x2e\0\0\0\2\0\0\0\0\0"s);
    add("ff130000.timer", "\0\0"s);
    add("ffee0000.unknown", "\0\0\0\0\0\0\0\x2d\0\0\0\1"s);
    EXPECT_THAT(found().triggers,
                ElementsAre(Pair("ff140000.timer", ElementsAre(std::nullopt, std::nullopt))));
}

} // namespace
