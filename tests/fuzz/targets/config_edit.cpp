// SPDX-License-Identifier: Apache-2.0
// A binding changed in any text: refused, or wanted binding and nothing else. TEXT NUL alias NUL
// instance.
#include "daemon/files/config_edit.hpp"

#include "common/base/error.hpp"
#include "common/plan/config.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <toml++/toml.h>

namespace aliasvm::fuzz
{
namespace
{

/// Comments of a TOML text, found without a parser: where no text is open, from # to the line's
/// end.
std::vector<std::string> comments_of(std::string_view text)
{
    std::vector<std::string> comments;
    std::string_view open; ///< the quotes that would end the text that is open
    while (!text.empty())
    {
        std::size_t step = 1;
        if (!open.empty())
        {
            if (open.front() == '"' && text.front() == '\\')
                step = 2;
            else if (text.starts_with(open))
            {
                // Up to two more belong to the text: """ends so""""".
                step = open.size();
                while (open.size() == 3 && step < 5 && text.substr(step).starts_with(open.front()))
                    ++step;
                open = {};
            }
        }
        else if (text.front() == '#')
        {
            step = std::min(text.find('\n'), text.size());
            const std::string_view comment = text.substr(0, step);
            comments.emplace_back(comment.substr(0, comment.find('\r'))); // of the line's end
        }
        else
        {
            for (const std::string_view quotes : {"\"\"\"", "'''", "\"", "'"})
            {
                if (open.empty() && text.starts_with(quotes))
                    open = quotes;
            }
            step = std::max<std::size_t>(open.size(), 1);
        }
        text.remove_prefix(std::min(step, text.size()));
    }
    return comments;
}

/// The instance behind an alias, by toml++ alone.
std::optional<std::string> binding(std::string_view text, std::string_view alias)
{
    const toml::table table = toml::parse(text);
    const toml::table* const aliases = table["alias"].as_table();
    const toml::node* node = aliases == nullptr ? nullptr : aliases->get(alias);
    if (node != nullptr && node->is_table())
        node = node->as_table()->get("instance");
    return node == nullptr ? std::nullopt : node->value<std::string>();
}

void check(std::string_view text, std::string_view alias, std::string_view instance)
{
    std::string edited;
    try
    {
        edited = daemon::with_binding(text, "vm.toml", alias, instance);
    }
    catch (const Error& error)
    {
        const std::string_view words = error.what();
        require(error.code().value() == EINVAL && words.find("vm.toml") != words.npos,
                "a refusal names the file");
        return;
    }
    require(binding(edited, alias) == instance, "the binding is what was wanted");
    require(comments_of(edited) == comments_of(text), "comments stay");
    require(daemon::with_binding(edited, "vm.toml", alias, instance) == edited,
            "the same edit again changes nothing");

    const auto earlier = binding(text, alias);
    if (earlier)
    {
        const std::string back = daemon::with_binding(edited, "vm.toml", alias, *earlier);
        require(toml::parse(back) == toml::parse(text), "an edit can be taken back");
        require(comments_of(back) == comments_of(text), "comments stay on the way back");
    }
    // What the VMM and the daemon make of it.
    const VmName name = *VmName::from("vm");
    const auto before = plan::parse_config(text, "vm.toml", name);
    const auto after = plan::parse_config(edited, "vm.toml", name);
    require(after.readable, "what is edited can be read");
    if (!before.problems.empty() || !after.problems.empty())
        return;
    require(after.aliases.size() == before.aliases.size() + (earlier ? 0 : 1),
            "no alias comes or goes but the one");
    const auto found =
        std::ranges::find(after.aliases, alias, [](const auto& one) { return one.name.value; });
    require(found != after.aliases.end() && found->instance.value == instance,
            "the configuration has the binding");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    constexpr std::string_view nul{"\0", 1};
    fuzz::Input input{fuzz::as_text(data, size)};
    const std::string_view text = input.up_to(nul);
    const bool defaults = input.empty();
    const std::string_view alias = defaults ? "uart0" : input.up_to(nul);
    const std::string_view instance = defaults ? "uart1" : input.up_to(nul);
    // They come over D-Bus.
    if (fuzz::is_utf8_string(alias) && fuzz::is_utf8_string(instance))
        fuzz::check(text, alias, instance);
    return 0;
}
