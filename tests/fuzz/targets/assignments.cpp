// SPDX-License-Identifier: Apache-2.0
// assignments.toml: any text in its place, and what a daemon would write for any names.
#include "daemon/files/assignments.hpp"

#include "common/base/error.hpp"
#include "tests/fuzz/targets/scratch_folder.hpp"
#include "tests/fuzz/targets/target.hpp"
#include "tests/fuzz/targets/text_file.hpp"

#include <string>
#include <vector>

namespace aliasvm::fuzz
{
namespace
{

using daemon::Assignments;

void require_kept(const Assignments& assignments)
{
    static const ScratchFolder folder;
    const std::string path = folder.path() / "assignments.toml";
    assignments.save(path);
    require(Assignments::load(path) == assignments, "what is saved is what is loaded");
}

void load(std::string_view text)
{
    const TextFile file{text};
    try
    {
        const Assignments assignments = Assignments::load(file.path());
        require(assignments == Assignments::load(file.path()), "it loads the same again");
        require_kept(assignments);
    }
    catch (const Error& error)
    {
        const std::string_view words = error.what();
        require(error.code().value() == EINVAL, "a damaged file is refused as that");
        require(words.find(file.path() + ":") != words.npos &&
                    words.find("delete the file") != words.npos,
                "who is refused is told the file and the mend");
    }
}

/// Each three lines are machine, alias and instance.
void play(std::string_view text)
{
    if (!is_utf8_string(text))
        return;
    Input input{text};
    Assignments assignments;
    std::vector<std::string_view> words;
    while (!input.empty())
    {
        words.push_back(input.up_to("\n"));
        if (words.size() % 3 != 0)
            continue;
        const auto* const last = &words.back();
        assignments.set(last[-2], last[-1], last[0]);
        require(assignments.find(last[-2], last[-1]) == last[0], "what is set is there");
    }
    require_kept(assignments);
    for (std::size_t at = 0; at + 2 < words.size(); at += 3)
    {
        assignments.erase(words[at], words[at + 1]);
        require(!assignments.find(words[at], words[at + 1]), "what is erased is not there");
    }
    require(assignments == Assignments{}, "nothing is left of what is all erased");
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    const std::string_view text = fuzz::as_text(data, size);
    fuzz::load(text);
    fuzz::play(text);
    return 0;
}
