// SPDX-License-Identifier: Apache-2.0
// gzip files, whole, in parts, damaged, and much larger than they look.
#include "common/base/error.hpp"
#include "common/base/gunzip.hpp"
#include "tests/unit/plan/gzip.hpp"

#include <algorithm>
#include <cerrno>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace aliasvm
{
namespace
{

using Bytes = std::vector<std::byte>;

Bytes noise(std::size_t size)
{
    std::mt19937 random{1};
    Bytes bytes(size);
    std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random() % 7); });
    return bytes;
}

Bytes unpacked(const Bytes& packed)
{
    Bytes all;
    gunzip(packed, "x",
           [&](std::span<const std::byte> piece)
           {
               all.insert(all.end(), piece.begin(), piece.end());
               return true;
           });
    return all;
}

int error_of(const Bytes& packed)
{
    try
    {
        static_cast<void>(unpacked(packed));
    }
    catch (const Error& error)
    {
        return error.code().value();
    }
    return 0;
}

TEST(AGzipFile, IsUnpackedAsItWas)
{
    for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 65'537U, 1'000'003U})
    {
        const Bytes bytes = noise(size);
        const Bytes packed = tests::gzip(bytes);
        EXPECT_TRUE(looks_like_gzip(packed));
        EXPECT_EQ(said_unpacked_size(packed), size);
        EXPECT_TRUE(unpacked(packed) == bytes) << size;
    }
}

TEST(AGzipFile, OfSeveralMembersIsOneAndWhatFollowsIsNothing)
{
    Bytes packed = tests::gzip(noise(100'000));
    const Bytes second = tests::gzip(noise(10));
    packed.insert(packed.end(), second.begin(), second.end());
    EXPECT_EQ(unpacked(packed).size(), 100'010U);
    packed.resize(packed.size() + 512); // as a tape or an image's alignment leaves it
    EXPECT_EQ(unpacked(packed).size(), 100'010U);
}

TEST(AGzipFile, TruncatedAnywhereIsTold)
{
    const Bytes whole = tests::gzip(noise(300));
    for (std::size_t size = 0; size < whole.size(); ++size)
    {
        // A copy of its own, so that the sanitizer sees the first byte beyond.
        const Bytes part{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_EQ(error_of(part), ENODATA) << size;
    }
}

TEST(AGzipFile, WithAByteChangedIsTold)
{
    const Bytes whole = tests::gzip(noise(300));
    int told = 0;
    for (std::size_t offset = 10; offset < whole.size(); ++offset)
    {
        Bytes file = whole;
        file[offset] ^= std::byte{0x10};
        told += error_of(file) != 0 ? 1 : 0;
    }
    EXPECT_EQ(told, static_cast<int>(whole.size()) - 10) << "sum, length or form";
}

TEST(AGzipFile, IsUnpackedNoFurtherThanAsked)
{
    // 64 MiB of nothing are 64 KiB packed; what is taken of them is one piece.
    const Bytes packed = tests::gzip(Bytes(64 << 20));
    EXPECT_LT(packed.size(), 512U << 10);
    std::size_t taken = 0;
    std::size_t largest = 0;
    gunzip(packed, "x",
           [&](std::span<const std::byte> piece)
           {
               taken += piece.size();
               largest = std::max(largest, piece.size());
               return taken < 100'000;
           });
    EXPECT_LT(taken, 200'000U);
    EXPECT_LE(largest, 65'536U);
}

TEST(WhatIsNoGzipFile, DoesNotLookLikeOne)
{
    EXPECT_FALSE(looks_like_gzip({}));
    EXPECT_FALSE(looks_like_gzip(Bytes{std::byte{0x1f}, std::byte{0x8b}}));
    EXPECT_FALSE(looks_like_gzip(Bytes{std::byte{0x1f}, std::byte{0x8b}, std::byte{7}}));
    EXPECT_EQ(said_unpacked_size(Bytes(17, std::byte{0xff})), 0U);
}

} // namespace
} // namespace aliasvm
