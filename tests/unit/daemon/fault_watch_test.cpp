// SPDX-License-Identifier: Apache-2.0
// Records of the kernel's log, as recorded and as a hostile hand would have them.
#include "daemon/host/fault_watch.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::daemon
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Records = std::vector<std::string>;

/// Recorded on Linux 6.12 behind QEMU's SMMUv3: 00:03.0 writes to 0x20001000.
const Records smmu_v3{
    "6,643,36761761,-;arm-smmu-v3 9050000.smmuv3: event 0x10 received:\n"
    " SUBSYSTEM=platform\n DEVICE=+platform:9050000.smmuv3\n",
    "6,644,36761895,-;arm-smmu-v3 9050000.smmuv3: \\x090x0000001800000010\n"
    " SUBSYSTEM=platform\n DEVICE=+platform:9050000.smmuv3\n",
    "6,645,36761919,-;arm-smmu-v3 9050000.smmuv3: \\x090x0000000000000000\n"
    " SUBSYSTEM=platform\n DEVICE=+platform:9050000.smmuv3\n",
    "6,646,36761939,-;arm-smmu-v3 9050000.smmuv3: \\x090x0000000020001000\n"
    " SUBSYSTEM=platform\n DEVICE=+platform:9050000.smmuv3\n",
    "6,647,36761957,-;arm-smmu-v3 9050000.smmuv3: \\x090x0000000000000000\n"
    " SUBSYSTEM=platform\n DEVICE=+platform:9050000.smmuv3\n",
};

/// Linux 6.15 adds these two to the same five.
const Records smmu_v3_in_words{
    "3,648,36761970,-;arm-smmu-v3 9050000.smmuv3: event: F_TRANSLATION client: 0000:00:03.0 sid: "
    "0x18 ssid: 0x0 iova: 0x20001000 ipa: 0x0\n",
    "3,649,36761971,-;arm-smmu-v3 9050000.smmuv3: unpriv data write s1 \"Input address caused "
    "fault\" stag: 0x0\n",
};

constexpr const char* context_fault =
    "3,1204,99123456,-;arm-smmu fd800000.smmu: Unhandled context fault: fsr=0x402, "
    "iova=0x0ff7f000, fsynr=0x11, cbfrsynra=0x877, cb=2\n SUBSYSTEM=platform\n";

class AFaultReader : public testing::Test
{
protected:
    std::vector<IommuFault> read(const Records& records)
    {
        std::vector<IommuFault> faults;
        for (const std::string& record : records)
        {
            if (auto fault = reader.take(record))
                faults.push_back(std::move(*fault));
        }
        return faults;
    }

    static Records joined(Records first, const Records& second)
    {
        first.insert(first.end(), second.begin(), second.end());
        return first;
    }

    IommuFaultReader reader;
};

TEST_F(AFaultReader, KnowsAnSmmuV3)
{
    const auto faults = read(smmu_v3);
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].iommu, "9050000.smmuv3");
    EXPECT_EQ(faults[0].stream, 0x18U);
    EXPECT_EQ(faults[0].address, 0x2000'1000U);
    EXPECT_THAT(faults[0].words, HasSubstr("event 0x10 received: 0x0000001800000010 "));
}

TEST_F(AFaultReader, TellsAFaultOnceThatLinuxSaysTwice)
{
    const Records both = joined(smmu_v3, smmu_v3_in_words);
    EXPECT_THAT(read(both), SizeIs(1));
    EXPECT_THAT(read(joined(both, both)), SizeIs(2));
}

TEST_F(AFaultReader, TakesTheWordsWhereTheNumbersAreLost)
{
    const auto faults = read(smmu_v3_in_words);
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].stream, 0x18U);
    EXPECT_EQ(faults[0].address, 0x2000'1000U);
}

TEST_F(AFaultReader, PutsAnEventTogetherAmongOtherRecords)
{
    Records mixed = smmu_v3;
    mixed.insert(mixed.begin() + 2, "6,1,1,-;usb 1-1: new device\n");
    mixed.insert(mixed.begin() + 4,
                 "6,1,1,-;arm-smmu-v3 aaaa0000.smmuv3: \\x090x1111111111111111\n");
    mixed.insert(mixed.begin() + 1, context_fault);
    const auto faults = read(mixed);
    ASSERT_THAT(faults, SizeIs(2));
    EXPECT_EQ(faults[0].iommu, "fd800000.smmu");
    EXPECT_EQ(faults[1].address, 0x2000'1000U);
}

TEST_F(AFaultReader, DoesNotMakeOneEventOfTheRemainsOfTwo)
{
    EXPECT_THAT(read({smmu_v3.begin(), smmu_v3.begin() + 3}), IsEmpty());
    EXPECT_THAT(read(smmu_v3), SizeIs(1));
    EXPECT_THAT(read({smmu_v3.begin() + 1, smmu_v3.end()}), IsEmpty());
    EXPECT_THAT(read({smmu_v3.begin(), smmu_v3.begin() + 3}), IsEmpty());
    reader.forget();
    EXPECT_THAT(read({smmu_v3.begin() + 3, smmu_v3.end()}), IsEmpty());
}

TEST_F(AFaultReader, HasNoAddressForAStreamThatTheSmmuDoesNotKnow)
{
    Records bad_stream = smmu_v3;
    bad_stream[0].replace(bad_stream[0].find("0x10"), 4, "0x02");
    const auto faults = read(bad_stream);
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].stream, 0x18U);
    EXPECT_FALSE(faults[0].address);
}

TEST_F(AFaultReader, KnowsAContextFaultOfAnSmmuV2)
{
    // Linux 6.11 explains it in two further lines.
    const auto faults =
        read({context_fault,
              "3,1205,99123457,-;arm-smmu fd800000.smmu: FSR    = 00000402 [Format=2 TF], "
              "SID=0x877\n",
              "3,1206,99123458,-;arm-smmu fd800000.smmu: FSYNR0 = 00000011 [S1CBNDX=0 WNR "
              "PLVL=1]\n"});
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_EQ(faults[0].iommu, "fd800000.smmu");
    EXPECT_EQ(faults[0].stream, 0x877U);
    EXPECT_EQ(faults[0].address, 0xff7'f000U);
    EXPECT_THAT(faults[0].words, HasSubstr("Unhandled context fault: fsr=0x402"));
}

TEST_F(AFaultReader, KnowsAGlobalFaultOfAnSmmuV2)
{
    const std::string numbers =
        "3,7,8,-;arm-smmu fd800000.smmu: \\x09GFSR 0x80000002, GFSYNR0 0x00000000, GFSYNR1 "
        "0x00000874, GFSYNR2 0x00000000\n";
    for (const char* const heading :
         {"3,6,7,-;arm-smmu fd800000.smmu: Unexpected global fault, this could be serious\n",
          "3,6,7,-;arm-smmu fd800000.smmu: Blocked unknown Stream ID 0x874; boot with "
          "\"arm-smmu.disable_bypass=0\" to allow, but this may have security implications\n"})
    {
        const auto faults = read({heading, numbers});
        ASSERT_THAT(faults, SizeIs(1));
        EXPECT_EQ(faults[0].stream, 0x874U);
        EXPECT_FALSE(faults[0].address);
    }
}

TEST_F(AFaultReader, BelievesOnlyTheKernel)
{
    for (const char* const priority : {"11", "8", "27", "187", "", "-3", "x"})
    {
        std::string forged = context_fault;
        forged.replace(0, 1, priority);
        EXPECT_THAT(read({forged}), IsEmpty()) << priority;
        Records events = smmu_v3;
        events[3].replace(0, 1, priority);
        EXPECT_THAT(read(events), IsEmpty()) << priority;
    }
    EXPECT_THAT(read({"3,1,1,-;audit: arm-smmu fd800000.smmu: Unhandled context fault: fsr=0x402, "
                      "iova=0x1, fsynr=0x1, cbfrsynra=0x877, cb=1\n",
                      "3,1,1,-;usb 1-1: Product: x\\x0aarm-smmu fd800000.smmu: Unhandled context "
                      "fault: fsr=0x402, iova=0x1, fsynr=0x1, cbfrsynra=0x877, cb=1\n"}),
                IsEmpty());
}

TEST_F(AFaultReader, OutlivesWhateverARecordHas)
{
    std::mt19937 random{4711};
    Records all = joined(joined(smmu_v3, smmu_v3_in_words), {context_fault});
    for (int round = 0; round < 20'000; ++round)
    {
        std::string record = all[random() % all.size()];
        for (auto changes = random() % 4; changes != 0; --changes)
            record[random() % record.size()] = static_cast<char>(random());
        record.resize(random() % (record.size() + 1));
        const auto fault = reader.take(record);
        EXPECT_TRUE(!fault || fault->words.find(fault->iommu) != std::string::npos);
    }
    reader.forget();
    EXPECT_THAT(read(smmu_v3), SizeIs(1)) << "and still works";
}

class AFaultWatch : public testing::Test
{
protected:
    AFaultWatch()
    {
        // Keeps records apart, as /dev/kmsg does.
        int ends[2]{};
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
            throw std::runtime_error{"socketpair"};
        kernel.reset(ends[0]);
        const int room = 1 << 20;
        ::setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        watch.emplace(io, UniqueFd{ends[1]},
                      [this](const IommuFault& fault) { faults.push_back(fault); });
    }

    void log(const Records& records) const
    {
        for (const std::string& record : records)
            EXPECT_EQ(::send(kernel.get(), record.data(), record.size(), 0),
                      static_cast<ssize_t>(record.size()));
    }

    boost::asio::io_context io;
    UniqueFd kernel;
    std::vector<IommuFault> faults;
    std::optional<FaultWatch> watch;
};

TEST_F(AFaultWatch, TellsEachFaultAsItComes)
{
    log(smmu_v3);
    io.poll();
    ASSERT_THAT(faults, SizeIs(1));
    io.restart();
    log({"6,1,1,-;something else\n", context_fault});
    io.poll();
    ASSERT_THAT(faults, SizeIs(2));
    EXPECT_EQ(faults[1].stream, 0x877U);
}

TEST_F(AFaultWatch, LeavesTheLoopToOthersInAFlood)
{
    for (int i = 0; i < 250; ++i)
        log({context_fault});
    io.run_one();
    EXPECT_THAT(faults, SizeIs(testing::AllOf(testing::Gt(0U), testing::Lt(250U))));
    io.poll();
    EXPECT_THAT(faults, SizeIs(250));
}

TEST_F(AFaultWatch, EndsWithTheLog)
{
    log({context_fault});
    kernel.reset();
    io.run(); // returns only if nothing is waited for any more
    EXPECT_THAT(faults, SizeIs(1));
}

TEST_F(AFaultWatch, MayGoWhileItWaits)
{
    watch.reset();
    io.run();
    EXPECT_THAT(faults, IsEmpty());
}

} // namespace
} // namespace aliasvm::daemon
