// SPDX-License-Identifier: Apache-2.0
// toml++ says where in the text a value is; the text is cut there.
#include "daemon/files/config_edit.hpp"

#include "common/base/error.hpp"
#include "daemon/files/toml_text.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace aliasvm::daemon
{

namespace
{

/// A part of the text, [begin, end) in bytes.
struct Span
{
    std::size_t begin{};
    std::size_t end{};
};

class Text
{
public:
    Text(std::string_view text, const std::string& file) : text_{text}, file_{file} {}

    [[nodiscard]] toml::table parse() const
    {
        try
        {
            return toml::parse(text_, file_);
        }
        catch (const toml::parse_error& error)
        {
            refuse(error.source(), std::string{error.description()}, "mend the TOML");
        }
    }

    [[noreturn]] void refuse(const toml::source_region& at, const std::string& what,
                             const std::string& mend) const
    {
        throw Error{EINVAL,
                    "change a binding in {}:{}:{}: {}; {}",
                    file_,
                    at.begin.line,
                    at.begin.column,
                    what,
                    mend};
    }

    [[nodiscard]] Span span(const toml::source_region& region) const
    {
        return {offset(region.begin), offset(region.end)};
    }

    [[nodiscard]] std::string_view operator[](Span part) const
    {
        return text_.substr(part.begin, part.end - part.begin);
    }

    [[nodiscard]] std::string with(Span part, std::string_view fresh) const
    {
        std::string result{text_};
        return result.replace(part.begin, part.end - part.begin, fresh);
    }

    /// With a line of its own after the one that has this place.
    [[nodiscard]] std::string with_line_after(std::size_t place, const std::string& line) const
    {
        const std::size_t end = text_.find('\n', place);
        if (end == std::string_view::npos)
            return with({text_.size(), text_.size()}, line_end(text_.size()) + line);
        return with({end + 1, end + 1}, line + line_end(end));
    }

    [[nodiscard]] std::string with_table_at_end(const std::string& header,
                                                const std::string& line) const
    {
        const std::string end = line_end(text_.size());
        std::string table = header + end + line + end;
        if (!text_.empty())
            table.insert(0, text_.ends_with('\n') ? end : end + end);
        return with({text_.size(), text_.size()}, table);
    }

    /// The white space that the line of this place begins with.
    [[nodiscard]] std::string indentation(std::size_t place) const
    {
        const std::size_t begin = place == 0 ? 0 : text_.rfind('\n', place - 1) + 1;
        const std::size_t end = std::min(text_.find_first_not_of(" \t", begin), place);
        return std::string{text_.substr(begin, end - begin)};
    }

private:
    /// toml++ counts code points from 1, and does not count a byte order mark.
    [[nodiscard]] std::size_t offset(const toml::source_position& position) const
    {
        constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
        std::size_t at = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
        for (auto line = position.line; line > 1; --line)
            at = text_.find('\n', at) + 1;
        const auto continues = [this](std::size_t byte)
        { return byte < text_.size() && (static_cast<unsigned char>(text_[byte]) & 0xc0) == 0x80; };
        for (auto column = position.column; column > 1 && at < text_.size(); --column)
        {
            ++at;
            while (continues(at))
                ++at;
        }
        return at;
    }

    /// Of the line that ends at `end`, or of the file's others if it is the last and has none.
    [[nodiscard]] std::string line_end(std::size_t end) const
    {
        const std::size_t newline = end < text_.size() ? end : text_.rfind('\n');
        const bool dos =
            newline != std::string_view::npos && newline > 0 && text_[newline - 1] == '\r';
        return dos ? "\r\n" : "\n";
    }

    std::string_view text_;
    const std::string& file_;
};

/// A text for TOML in the quotes of an earlier one, where they can hold it.
std::string in_quotes_of(std::string_view earlier, std::string_view text)
{
    const bool literal = earlier.starts_with('\'');
    const std::string quotes =
        earlier.starts_with("'''") ? "'''" : (earlier.starts_with("\"\"\"") ? "\"\"\"" : "'");
    const std::string escaped = toml_string(text);
    const bool as_it_is = escaped.size() == text.size() + 2; // nothing that would take an escape
    if (literal && as_it_is && text.find('\'') == std::string_view::npos)
        return quotes + std::string{text} + quotes;
    if (quotes == "\"\"\"")
        return "\"\"" + escaped + "\"\"";
    return escaped;
}

/// What with_binding() has to find: the value, or the place for it.
class Edit
{
public:
    Edit(const Text& text, std::string_view alias, std::string_view instance)
        : text_{text}, alias_{alias}, instance_{instance}
    {
    }

    [[nodiscard]] std::string in(const toml::table& config) const
    {
        const toml::node* aliases = config.get("alias");
        if (aliases == nullptr)
            return text_.with_table_at_end("[alias]", line());
        if (!aliases->is_table())
            text_.refuse(aliases->source(), "alias is not a table", "write [alias]");
        const toml::table& table = *aliases->as_table();
        if (const toml::node* bound = table.get(alias_))
            return changed(*bound);
        return table.is_inline() ? added_inline(table) : added(table);
    }

private:
    [[nodiscard]] std::string line() const
    {
        return toml_key(alias_) + " = " + toml_string(instance_);
    }

    [[nodiscard]] std::string changed(const toml::node& bound) const
    {
        const toml::node* value = &bound;
        if (const toml::table* long_form = bound.as_table())
        {
            value = long_form->get("instance");
            if (value == nullptr)
                text_.refuse(bound.source(), fmt::format("alias {} has no instance", alias_),
                             "add the line instance = \"\"");
        }
        if (!value->is_string())
            text_.refuse(value->source(),
                         fmt::format("the instance of alias {} is not a text", alias_),
                         "write it in double quotes");
        if (value->as_string()->get() == instance_)
            return text_.with({}, "");
        const Span literal = text_.span(value->source());
        return text_.with(literal, in_quotes_of(text_[literal], instance_));
    }

    [[nodiscard]] std::string added_inline(const toml::table& table) const
    {
        if (const auto last = last_value(table))
            return text_.with({last->end, last->end}, ", " + line());
        const Span braces = text_.span(table.source());
        const std::size_t inside = braces.begin + 1;
        return text_.with({inside, inside}, " " + line() + (text_[braces].size() == 2 ? " " : ""));
    }

    [[nodiscard]] std::string added(const toml::table& table) const
    {
        const Span header = text_.span(table.source());
        const auto last = last_value(table);
        if (!has_header(table))
            // Dotted keys made it: a table of that name in brackets would be a second one.
            return text_.with_line_after(last->end,
                                         text_.indentation(last->begin) + "alias." + line());
        if (!toml::parse(text_[header])["alias"].as_table()->empty())
            // It is there as the parent of [alias.x] only, and has no place of its own.
            return text_.with_table_at_end("[alias]", line());
        if (!last)
            return text_.with_line_after(header.end, text_.indentation(header.begin) + line());
        return text_.with_line_after(last->end, text_.indentation(last->begin) + line());
    }

    [[nodiscard]] bool has_header(const toml::table& table) const
    {
        return text_[text_.span(table.source())].starts_with('[');
    }

    /// The value furthest down the text, tables with a header of their own left out.
    [[nodiscard]] std::optional<Span> last_value(const toml::table& table) const
    {
        std::optional<Span> last;
        for (const auto& [key, node] : table)
        {
            const toml::table* const inner = node.as_table();
            std::optional<Span> here;
            if (inner == nullptr || inner->is_inline())
                here = text_.span(node.source());
            else if (!has_header(*inner))
                here = last_value(*inner);
            if (here && (!last || here->end > last->end))
                last = here;
        }
        return last;
    }

    const Text& text_;
    std::string_view alias_;
    std::string_view instance_;
};

void bind(toml::table& config, std::string_view alias, std::string_view instance)
{
    if (!config.contains("alias"))
        config.insert("alias", toml::table{});
    toml::table& aliases = *config["alias"].as_table();
    toml::table* const long_form = aliases[alias].as_table();
    if (long_form != nullptr)
        long_form->insert_or_assign("instance", instance);
    else
        aliases.insert_or_assign(alias, instance);
}

} // namespace

std::string with_binding(std::string_view toml_text, const std::string& file,
                         std::string_view alias, std::string_view instance)
{
    const Text text{toml_text, file};
    toml::table config = text.parse();
    std::string result = Edit{text, alias, instance}.in(config);

    bind(config, alias, instance);
    toml::table read_again;
    try
    {
        read_again = toml::parse(result, file);
    }
    catch (const toml::parse_error&)
    {
        // told below
    }
    if (read_again != config)
        throw Error{EINVAL,
                    "change the binding of alias {} in {}: it is written in a way that "
                    "cannot be edited; write {} = {} below [alias] by hand",
                    alias,
                    file,
                    toml_key(alias),
                    toml_string(instance)};
    return result;
}

} // namespace aliasvm::daemon
