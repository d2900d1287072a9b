// SPDX-License-Identifier: Apache-2.0
// aliasvmd.toml: nothing is allowed that it does not say in so many words.
#include "common/facts/settings.hpp"

#include "common/base/error.hpp"
#include "tests/fuzz/targets/target.hpp"
#include "tests/fuzz/targets/text_file.hpp"

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    const std::string_view text = fuzz::as_text(data, size);
    const fuzz::TextFile file{text};
    try
    {
        const auto settings = facts::read_settings(file.path());
        const bool said = text.find("true") != text.npos;
        fuzz::require(!settings.allow_identity_dma || said, "only a true allows");
        fuzz::require(settings.allow_identity_dma ==
                          facts::read_settings(file.path()).allow_identity_dma,
                      "it reads the same again");
    }
    catch (const Error& error)
    {
        fuzz::require(error.code().value() == EINVAL, "a bad text is refused as that");
        fuzz::require(std::string_view{error.what()}.starts_with(file.path() + ":"),
                      "a problem names the file");
    }
    return 0;
}
