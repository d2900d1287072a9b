// SPDX-License-Identifier: Apache-2.0
// Reading small files of /proc and /sys, whose sizes are not to be believed.
#include "cli/doctor/host_view.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace aliasvm::cli
{

bool HostView::exists(std::string_view path) const
{
    std::error_code ignored;
    return std::filesystem::exists(at(path), ignored);
}

std::optional<std::string> HostView::text(std::string_view path) const
{
    std::error_code ignored;
    if (std::filesystem::is_directory(at(path), ignored))
        return std::nullopt;
    std::ifstream file{at(path), std::ios::binary};
    if (!file)
        return std::nullopt;
    std::string all{std::istreambuf_iterator<char>{file}, {}};
    if (file.bad())
        return std::nullopt;
    if (all.ends_with('\n'))
        all.pop_back();
    return all;
}

std::vector<std::string> HostView::lines(std::string_view path) const
{
    std::vector<std::string> all;
    std::istringstream whole{text(path).value_or("")};
    for (std::string line; std::getline(whole, line);)
        all.push_back(line);
    return all;
}

std::vector<std::string> HostView::names(std::string_view folder) const
{
    std::vector<std::string> all;
    std::error_code error;
    for (std::filesystem::directory_iterator i{at(folder), error}, end; !error && i != end;
         i.increment(error))
        all.push_back(i->path().filename().string());
    std::ranges::sort(all);
    return all;
}

std::optional<std::string> HostView::link(std::string_view path) const
{
    std::error_code error;
    const auto target = std::filesystem::read_symlink(at(path), error);
    return error ? std::nullopt : std::optional{target.filename().string()};
}

std::vector<std::string> words_of(std::string_view text)
{
    std::istringstream all{std::string{text}};
    return {std::istream_iterator<std::string>{all}, {}};
}

std::string listed(const std::vector<std::string>& names)
{
    if (names.size() < 2)
        return names.empty() ? "" : names.front();
    return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

Version version_of(std::string_view text)
{
    Version version;
    const char* const end = text.data() + text.size();
    const auto [dot, error] = std::from_chars(text.data(), end, version.major);
    if (error == std::errc{} && dot != end && *dot == '.')
        std::from_chars(dot + 1, end, version.minor);
    return version;
}

} // namespace aliasvm::cli
