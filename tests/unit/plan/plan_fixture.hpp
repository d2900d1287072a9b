// SPDX-License-Identifier: Apache-2.0
// The catalogue of the build, and plans from the text of a configuration.
#pragma once

#include "common/plan/make_plan.hpp"
#include "image_builder.hpp"
#include "tree_builder.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace aliasvm::plan
{

inline constexpr std::uint64_t mib = 1 << 20;

inline GuestRange at(std::uint64_t base, std::uint64_t size)
{
    return {GuestAddr{base}, size};
}

/// The build says where things are, by the environment of the test.
inline std::string environment(const char* name)
{
    const char* value = std::getenv(name);
    if (value == nullptr)
        throw std::runtime_error{std::string{name} + " is not set; run this by meson test"};
    return value;
}

inline std::string read_text(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

inline const Catalogue& zynqmp()
{
    static const Catalogue catalogue{bytes_of(read_text(environment("ALIASVM_TEST_CATALOGUE"))),
                                     "zynqmp.dtb"};
    return catalogue;
}

/// All files are there: a small ELF file at 0, an initrd of 1 MiB and a device tree of 4 KiB.
inline HostFacts good_host()
{
    HostFacts facts;
    facts.kernel = analyse_kernel(make_elf());
    facts.initrd = PlainFile{0x10'0000};
    facts.dtb = DtbFile{make_tree(0x1000)};
    return facts;
}

inline std::variant<VmPlan, Problems> plan_of(const std::string& text,
                                              const HostFacts& facts = good_host())
{
    return make_plan(parse_config(text, "vm.toml", *VmName::from("vm")), zynqmp(), facts);
}

/// One line for each problem, empty if there is a plan.
inline std::string problems_of(const std::string& text, const HostFacts& facts = good_host())
{
    const auto result = plan_of(text, facts);
    std::string lines;
    if (const auto* problems = std::get_if<Problems>(&result))
    {
        for (const Problem& problem : *problems)
            lines += to_string(problem) + "\n";
    }
    return lines;
}

inline VmPlan good_plan(const std::string& text, const HostFacts& facts = good_host())
{
    const auto result = plan_of(text, facts);
    EXPECT_EQ(problems_of(text, facts), "");
    return std::get<VmPlan>(result);
}

inline const AliasPlan& alias_of(const VmPlan& plan, const std::string& name)
{
    return *std::ranges::find(plan.aliases, name, &AliasPlan::name);
}

} // namespace aliasvm::plan
