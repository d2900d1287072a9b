// SPDX-License-Identifier: Apache-2.0
// Words of people, one a line: sizes, MAC addresses, names of VMs and devices, mistyped words.
#include "common/bus/names.hpp"
#include "common/plan/mac_address.hpp"
#include "common/plan/nearest.hpp"
#include "common/plan/units.hpp"
#include "common/stats/statistics.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <systemd/sd-bus.h>

namespace aliasvm::fuzz
{
namespace
{

void check_size(std::string_view text)
{
    const auto bytes = plan::parse_size(text);
    if (!bytes)
        return;
    const std::string shortest = plan::size_text(*bytes);
    require(plan::parse_size(shortest) == bytes, "a size reads back");
    require(shortest.size() <= text.size() || text.starts_with("0x"), "no text is shorter");
    require(std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) != 0; }),
            "a size has no sign, blank or point");
}

void check_mac(std::string_view text)
{
    const auto mac = plan::parse_mac(text);
    if (!mac)
        return;
    std::string lower{text};
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    require(plan::mac_text(*mac) == lower, "a MAC address reads as it was written");
}

std::string decoded(const std::string& path, const char* prefix)
{
    char* name = nullptr;
    require(sd_bus_path_decode(path.c_str(), prefix, &name) > 0, "a path is of its prefix");
    const std::unique_ptr<char, decltype(&std::free)> owner{name, &std::free};
    return name;
}

void check_names(std::string_view text)
{
    if (text.find('\0') == text.npos && !text.empty())
    {
        const std::string path = bus::device_path(text);
        require(sd_bus_object_path_is_valid(path.c_str()) == 1, "any name makes a path");
        require(decoded(path, "/org/aliasvm1/device") == text, "a path tells the name");
    }
    const auto name = VmName::from(text);
    if (!name)
        return;
    require(name->str() == text && text.find_first_of("/.%\\ \n") == text.npos,
            "the name of a VM is safe as a file's");
    require(decoded(bus::machine_path(*name), "/org/aliasvm1/machine") == text,
            "a path tells the name");
    const auto mac = plan::stable_mac(*name, text, std::nullopt);
    require(!mac.multicast() && (mac.octets[0] & 2U) != 0, "a MAC made here is local, of one");
}

void check_nearest(const std::vector<std::string>& words)
{
    const auto lower = [](unsigned char c) { return std::tolower(c); };
    const auto meant = plan::nearest(words.back(), words);
    require(meant.has_value() != words.back().empty(), "every word is one that is there");
    require(!meant || std::ranges::equal(*meant, words.back(), {}, lower, lower),
            "nothing is nearer than the word itself");
    const std::vector<std::string> others{words.begin(), words.end() - 1};
    const auto other = plan::nearest(words.back(), others);
    require(!other || std::ranges::find(others, *other) != others.end(), "a guess is a candidate");
    if (!others.empty())
        require(!plan::suggest(words.back(), others).empty(), "there is a suggestion");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    fuzz::Input input{fuzz::as_text(data, size)};
    std::vector<std::string> words;
    while (!input.empty() && words.size() < 20)
    {
        const std::string_view word = input.up_to("\n");
        fuzz::check_size(word);
        fuzz::check_mac(word);
        fuzz::check_names(word);
        static_cast<void>(stats::names_statistics(word));
        words.emplace_back(word.substr(0, 64));
        fuzz::check_nearest(words);
    }
    return 0;
}
