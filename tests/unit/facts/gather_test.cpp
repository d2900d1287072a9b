// SPDX-License-Identifier: Apache-2.0
// gather: files that are there, and all the ways in which they are not.
#include "common/facts/gather.hpp"

#include "common/base/file.hpp"
#include "tests/unit/machine/temporary_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace
{

using namespace aliasvm;

plan::HostFacts facts_of(const std::string& kernel)
{
    const auto config =
        plan::parse_config("kernel = \"" + kernel + "\"", "test.toml", *VmName::from("test"));
    const char* const file = std::getenv("ALIASVM_TEST_CATALOGUE");
    if (file == nullptr)
        throw std::runtime_error{"ALIASVM_TEST_CATALOGUE is not set; run this by meson test"};
    static const plan::Catalogue zynqmp{read_file(file), file};
    return facts::gather(config, zynqmp, {});
}

int error_of(const plan::HostFacts& facts)
{
    const auto* missing = std::get_if<plan::MissingFile>(&facts.kernel);
    return missing != nullptr ? missing->error_number : 0;
}

std::string fault_of(const plan::HostFacts& facts)
{
    const auto* fault = std::get_if<plan::ImageFault>(&facts.kernel);
    return fault != nullptr ? fault->what : "";
}

TEST(GatherFacts, SeesWhatAFileIs)
{
    const tests::TemporaryFile file{std::string_view{"raw\0bytes", 9}};
    const auto facts = facts_of(file.path());
    const auto* raw = std::get_if<plan::RawImage>(&facts.kernel);
    ASSERT_NE(raw, nullptr);
    EXPECT_EQ(raw->file_size, 9U);
}

TEST(GatherFacts, KeepsTheErrorOfAFileThatCannotBeRead)
{
    EXPECT_EQ(error_of(facts_of("/nowhere/at/all")), ENOENT);
    EXPECT_EQ(error_of(facts_of("/")), EISDIR);
}

TEST(GatherFacts, TakesWhatIsNoRegularFileForAFaultAndDoesNotWait)
{
    EXPECT_EQ(fault_of(facts_of("/dev/null")), "is a pipe, a socket or a device");
    const tests::TemporaryFile place{""};
    const std::string pipe = place.path() + ".fifo";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(fault_of(facts_of(pipe)), "is a pipe, a socket or a device");
    ::unlink(pipe.c_str());
}

TEST(GatherFacts, TakesAnEmptyFileForAFault)
{
    const tests::TemporaryFile file{""};
    EXPECT_EQ(fault_of(facts_of(file.path())), "is empty");
}

} // namespace
