// SPDX-License-Identifier: Apache-2.0
// Searches.
#include "tests/unit/service/xml_tags.hpp"

#include <algorithm>
#include <cctype>

namespace aliasvm::service
{

std::vector<std::string> tags_of(std::string_view xml)
{
    std::vector<std::string> tags;
    for (std::size_t at = xml.find('<'); at != std::string_view::npos; at = xml.find('<', at))
    {
        const std::size_t end = std::min(xml.find('>', at), xml.size() - 1) + 1;
        std::string tag;
        for (const char c : xml.substr(at, end - at))
        {
            if (std::isspace(static_cast<unsigned char>(c)) == 0)
                tag += c;
            else if (tag.back() != ' ')
                tag += ' ';
        }
        tags.push_back(std::move(tag));
        at = end;
    }
    return tags;
}

std::vector<std::string> interface_tags(std::string_view xml, const std::string& interface)
{
    const auto tags = tags_of(xml);
    const auto begin = std::ranges::find(tags, "<interface name=\"" + interface + "\">");
    const auto end = std::find(begin, tags.end(), "</interface>");
    return {begin, end == tags.end() ? end : end + 1};
}

std::string attribute(std::string_view tag, const std::string& name)
{
    const std::string start = " " + name + "=\"";
    const std::size_t found = tag.find(start);
    if (found == std::string_view::npos)
        return {};
    const std::size_t value = found + start.size();
    return std::string{tag.substr(value, tag.find('"', value) - value)};
}

} // namespace aliasvm::service
