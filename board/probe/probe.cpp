// Touches every library that the product links, so that a gap in the sysroot shows when it is made.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libfdt.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-bus.h>
#include <toml++/toml.h>

TEST(Probe, AnswersEverywhere)
{
    boost::asio::io_context loop;
    boost::asio::post(loop, [] { spdlog::info("{}", fdt_strerror(-1)); });
    loop.run();
    sd_bus* bus = nullptr;
    EXPECT_LE(sd_bus_default_system(&bus), 0);
    EXPECT_EQ(*toml::parse("a = 1")["a"].value<int>(), std::lround(1.0));
}

int main(int argc, char** argv)
{
    CLI::App app;
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
