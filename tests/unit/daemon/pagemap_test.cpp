// SPDX-License-Identifier: Apache-2.0
// The real pagemap where it is told, and entries of a file where it is not.
#include "common/base/error.hpp"
#include "common/base/mapping.hpp"
#include "daemon/host/pagemap.hpp"
#include "tests/unit/daemon/temporary_folder.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

/// A sparse file with the entry of one page.
void put_entry(const std::string& file, const std::byte* memory, std::uint64_t entry)
{
    const UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    const auto index = reinterpret_cast<std::uintptr_t>(memory) / page_size;
    ASSERT_EQ(::pwrite(fd.get(), &entry, sizeof entry, static_cast<off_t>(index * sizeof entry)),
              ssize_t{sizeof entry});
}

class PagemapTest : public testing::Test
{
protected:
    int error_of(std::uint64_t entry)
    {
        put_entry(folder_ / "pagemap", memory_.data(), entry);
        try
        {
            static_cast<void>(Pagemap{folder_ / "pagemap"}.address_of(memory_.data()));
        }
        catch (const Error& error)
        {
            return error.code().value();
        }
        return 0;
    }

    TemporaryFolder folder_;
    Mapping memory_ = Mapping::anonymous(page_size, page_size, "a page");
};

TEST_F(PagemapTest, AnEntryIsAFrame)
{
    put_entry(folder_ / "pagemap", memory_.data(), (1ULL << 63) | (1ULL << 55) | 0x12345);
    const Pagemap pagemap{folder_ / "pagemap"};
    EXPECT_EQ(pagemap.address_of(memory_.data()).value, 0x1234'5000U);
    EXPECT_EQ(pagemap.address_of(memory_.data() + 0x123).value, 0x1234'5123U);
}

TEST_F(PagemapTest, WhatIsNotThereOrNotToldIsAnError)
{
    EXPECT_EQ(error_of(0x12345), EFAULT);
    EXPECT_EQ(error_of(1ULL << 63), EPERM);
    EXPECT_THROW(Pagemap{folder_ / "none"}, Error);
}

TEST_F(PagemapTest, TheKernelTellsWhereAPageIs)
{
    if (::geteuid() != 0)
        GTEST_SKIP() << "only root is told";
    const Pagemap pagemap;
    memory_.data()[0] = std::byte{1};
    const HostAddr first = pagemap.address_of(memory_.data());
    EXPECT_EQ(first.value % page_size, 0U);
    EXPECT_EQ(pagemap.address_of(memory_.data()).value, first.value);
}

TEST_F(PagemapTest, ACapabilityIsGoneForGood)
{
    const pid_t child = ::fork();
    if (child == 0)
    {
        try
        {
            const Pagemap pagemap;
            give_up_capability(CAP_SYS_ADMIN);
            memory_.data()[0] = std::byte{1};
            const bool still_told =
                ::geteuid() != 0 || pagemap.address_of(memory_.data()).value != 0;
            // A new descriptor is of credentials without it.
            bool hidden = false;
            try
            {
                static_cast<void>(Pagemap{}.address_of(memory_.data()));
            }
            catch (const Error& error)
            {
                hidden = error.code().value() == EPERM;
            }
            ::_exit(still_told && hidden ? 0 : 1);
        }
        catch (const Error&)
        {
            ::_exit(2);
        }
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

} // namespace
} // namespace aliasvm::daemon
