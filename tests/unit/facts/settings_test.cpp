// SPDX-License-Identifier: Apache-2.0
// aliasvmd.toml: what it allows, and every mistake in it at once.
#include "common/base/error.hpp"
#include "common/facts/settings.hpp"
#include "tests/unit/daemon/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aliasvm::facts
{
namespace
{

using daemon::put_text;
using daemon::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;

class SettingsTest : public testing::Test
{
protected:
    Settings read(const std::string& text)
    {
        put_text(folder_ / "aliasvmd.toml", text);
        return read_settings(folder_ / "aliasvmd.toml");
    }
    std::string mistakes(const std::string& text)
    {
        try
        {
            static_cast<void>(read(text));
        }
        catch (const Error& error)
        {
            return error.what();
        }
        return {};
    }

    TemporaryFolder folder_;
};

TEST_F(SettingsTest, NoFileAllowsNothing)
{
    EXPECT_FALSE(read_settings(folder_ / "none.toml").allow_identity_dma);
    EXPECT_FALSE(read("").allow_identity_dma);
    EXPECT_FALSE(read("allow_identity_dma = false").allow_identity_dma);
}

TEST_F(SettingsTest, AllowsWhatItSays)
{
    EXPECT_TRUE(read("# trusted\nallow_identity_dma = true\n").allow_identity_dma);
}

TEST_F(SettingsTest, SaysEveryMistakeAndWhere)
{
    EXPECT_THAT(mistakes("allow = true\nallow_identity_dma = 1\n"),
                AllOf(HasSubstr("aliasvmd.toml:1:1: there is no key allow"),
                      HasSubstr("aliasvmd.toml:2:22: allow_identity_dma is neither")));
    EXPECT_THAT(mistakes("allow_identity_dma ="), HasSubstr("aliasvmd.toml:1:"));
}

} // namespace
} // namespace aliasvm::facts
