// SPDX-License-Identifier: Apache-2.0
// What a VMM's descriptor of KVM statistics gives when it is none: any bytes, through a file.
#include "common/stats/statistics.hpp"

#include "common/base/error.hpp"
#include "tests/fuzz/targets/target.hpp"
#include "tests/fuzz/targets/text_file.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace aliasvm::fuzz
{
namespace
{

bool has(std::string_view bytes, std::uint64_t value)
{
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    return bytes.find(std::string_view{raw, sizeof value}) != bytes.npos;
}

void read(std::string_view bytes)
{
    TextFile file{bytes};
    const auto values = stats::read_statistics(file.descriptor());
    std::uint32_t count = 0;
    std::memcpy(&count, bytes.data() + 8, sizeof count);
    require(values.size() <= count, "no more values than the header says");
    for (const auto& [name, value] : values)
    {
        require(!name.empty() && name.size() < 256 &&
                    std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; }),
                "a name is printable");
        require(bytes.find(name + '\0') != bytes.npos, "a name is the file's");
        require(has(bytes, value), "a value is the file's");
    }
    require(values == stats::read_statistics(file.descriptor()), "it reads the same again");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    try
    {
        fuzz::read(fuzz::as_text(data, size));
    }
    catch (const Error& error)
    {
        fuzz::require(error.code().value() == EPROTO, "what is no statistics is refused as that");
    }
    return 0;
}
