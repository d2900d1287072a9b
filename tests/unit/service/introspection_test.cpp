// SPDX-License-Identifier: Apache-2.0
// The installed interface descriptions are what the daemon answers to Introspect.
#include "common/bus/names.hpp"
#include "tests/unit/service/daemon_bench.hpp"
#include "tests/unit/service/xml_tags.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>

namespace aliasvm::service
{
namespace
{

std::string installed(const std::string& name)
{
    const char* const folder = std::getenv("ALIASVM_TEST_INTERFACES");
    std::ifstream file{std::string{folder == nullptr ? "." : folder} + "/" + name + ".xml"};
    return {std::istreambuf_iterator<char>{file}, {}};
}

class AnInterface : public ADaemon
{
protected:
    std::string introspect(const std::string& path)
    {
        return answer(new_call(path, "org.freedesktop.DBus.Introspectable", "Introspect"));
    }

    void expect_as_installed(const std::string& path, const std::string& name)
    {
        const auto told = interface_tags(introspect(path), name);
        ASSERT_FALSE(told.empty()) << path << " has no " << name;
        EXPECT_EQ(interface_tags(installed(name), name), told)
            << "write what Introspect answers into daemon/interfaces/" << name << ".xml";
        for (std::size_t i = 0; i < told.size(); ++i)
        {
            if (told[i].starts_with("<arg "))
                EXPECT_NE(attribute(told[i], "name"), "") << name << ": " << told[i];
            else if (told[i].starts_with("<property ") && !told[i].ends_with("/>"))
                expect_says_when_it_changes(told[i], told.at(i + 1));
        }
    }

    /// Or nothing, which is "true".
    static void expect_says_when_it_changes(const std::string& property, const std::string& next)
    {
        if (next == "</property>")
            return;
        EXPECT_EQ(attribute(next, "name"), "org.freedesktop.DBus.Property.EmitsChangedSignal")
            << property;
        EXPECT_THAT(attribute(next, "value"),
                    testing::AnyOf("true", "const", "false", "invalidates"))
            << property;
    }
};

TEST_F(AnInterface, OfTheManagerIsAsInstalled)
{
    expect_as_installed(bus::root_path, bus::manager_interface);
}

TEST_F(AnInterface, OfAMachineIsAsInstalled)
{
    expect_as_installed(bus::machine_path(*VmName::from("left")), bus::machine_interface);
}

TEST_F(AnInterface, OfADeviceIsAsInstalled)
{
    expect_as_installed(bus::device_path("ttc1"), bus::device_interface);
}

TEST_F(AnInterface, IsADocumentOfItsOwn)
{
    for (const char* const name :
         {bus::manager_interface, bus::machine_interface, bus::device_interface})
    {
        const auto tags = tags_of(installed(name));
        ASSERT_GE(tags.size(), 4U) << name;
        EXPECT_EQ(tags[0], "<!-- SPDX-License-Identifier: Apache-2.0 -->");
        EXPECT_TRUE(tags[1].starts_with("<!DOCTYPE node PUBLIC ")) << tags[1];
        EXPECT_EQ(tags[2], "<node>");
        EXPECT_EQ(tags.size(), 4 + interface_tags(installed(name), name).size()) << name;
    }
}

} // namespace
} // namespace aliasvm::service
