// SPDX-License-Identifier: Apache-2.0
// The keys of a configuration: which there are, and what each may be.
#include "common/plan/config.hpp"

#include "common/plan/alias_config.hpp"
#include "common/plan/nearest.hpp"
#include "common/plan/toml_values.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace aliasvm::plan
{

namespace
{

constexpr std::int64_t most_vcpus = 8; // of a GICv2
constexpr std::int64_t longest_stop_timeout = 3600;
constexpr std::size_t longest_cmdline = 2047; // COMMAND_LINE_SIZE of arm64, with its NUL

void read_memory(Config& config, TomlValues& values, const toml::node& node)
{
    config.memory = values.size("memory", node);
    if (config.memory && config.memory->value == 0)
    {
        values.problem(node.source(), "memory is 0", "write memory = \"128M\"");
        config.memory.reset();
    }
}

void read_dma(Config& config, TomlValues& values, const toml::node& node)
{
    const std::string mend = "write dma = \"iommu\", or \"identity\" where there is no SMMU";
    const auto word = values.text("dma", node, mend);
    if (!word)
        return;
    if (word->value == "iommu")
        config.dma = {Dma::iommu, word->at};
    else if (word->value == "identity")
        config.dma = {Dma::identity, word->at};
    else
        values.problem(node.source(), fmt::format("dma is \"{}\"", word->value), mend);
}

void read_low_memory(Config& config, TomlValues& values, const toml::node& node)
{
    config.low_memory = values.size("low_memory", node);
    if (config.low_memory && config.low_memory->value == 0)
    {
        values.problem(node.source(), "low_memory is 0", "write more, or take the line out");
        config.low_memory.reset();
    }
}

void read_ocm(Config& config, TomlValues& values, const toml::node& node)
{
    if (const auto ocm = values.boolean("ocm", node, "write ocm = true, without quotes"))
        config.ocm = *ocm;
}

void read_vcpus(Config& config, TomlValues& values, const toml::node& node)
{
    const std::string mend = "write vcpus = 1 or up to 8, without quotes";
    const auto number = values.integer("vcpus", node, mend);
    if (!number)
        return;
    if (number->value < 1 || number->value > most_vcpus)
        values.problem(node.source(),
                       fmt::format("vcpus is {}, but a GICv2 serves 1 to 8", number->value), mend);
    else
        config.vcpus = {static_cast<std::uint32_t>(number->value), number->at};
}

void read_kernel(Config& config, TomlValues& values, const toml::node& node)
{
    config.kernel = values.path("kernel", node);
}

void read_initrd(Config& config, TomlValues& values, const toml::node& node)
{
    config.initrd = values.path("initrd", node);
}

void read_dtb(Config& config, TomlValues& values, const toml::node& node)
{
    config.dtb = values.path("dtb", node);
}

void read_kernel_address(Config& config, TomlValues& values, const toml::node& node)
{
    config.kernel_address = values.address(
        "kernel_address", node, "write a guest-physical address, kernel_address = 0x80000");
}

void read_cmdline(Config& config, TomlValues& values, const toml::node& node)
{
    auto words = values.text("cmdline", node, "write it in double quotes");
    if (words && words->value.find('\0') != std::string::npos)
        values.problem(node.source(), "cmdline contains a NUL character", "take it out");
    else if (words && words->value.size() > longest_cmdline)
        values.problem(node.source(), fmt::format("cmdline has {} characters", words->value.size()),
                       fmt::format("Linux takes {} at the most", longest_cmdline));
    else if (words)
        config.cmdline = std::move(*words);
}

void read_stop_timeout(Config& config, TomlValues& values, const toml::node& node)
{
    const std::string mend = "write whole seconds, stop_timeout = 5";
    const auto number = values.integer("stop_timeout", node, mend);
    if (!number)
        return;
    if (number->value < 0 || number->value > longest_stop_timeout)
        values.problem(node.source(),
                       fmt::format("stop_timeout {} is not within 0 and {}", number->value,
                                   longest_stop_timeout),
                       mend);
    else
        config.stop_timeout = {std::chrono::seconds{number->value}, number->at};
}

void read_alias(Config& config, TomlValues& values, const toml::node& node);

struct Key
{
    const char* name;
    void (*read)(Config&, TomlValues&, const toml::node&);
};

constexpr std::array keys{
    Key{"memory", read_memory},
    Key{"dma", read_dma},
    Key{"low_memory", read_low_memory},
    Key{"ocm", read_ocm},
    Key{"vcpus", read_vcpus},
    Key{"kernel", read_kernel},
    Key{"kernel_address", read_kernel_address},
    Key{"initrd", read_initrd},
    Key{"cmdline", read_cmdline},
    Key{"dtb", read_dtb},
    Key{"stop_timeout", read_stop_timeout},
    Key{"alias", read_alias},
};

const Key* find_key(std::string_view name)
{
    const auto* const key =
        std::ranges::find_if(keys, [name](const Key& k) { return name == k.name; });
    return key == keys.end() ? nullptr : key;
}

void read_alias(Config& config, TomlValues& values, const toml::node& node)
{
    read_alias_table(config, values, node,
                     [](std::string_view name) { return find_key(name) != nullptr; });
}

void unknown_key(TomlValues& values, const toml::key& key)
{
    const std::string name{key.str()};
    std::vector<std::string> known;
    for (const Key& one : keys)
        known.emplace_back(one.name);
    std::string mend = suggest(name, known);
    if (!nearest(name, known))
        mend += "; an alias such as uart0 goes below [alias]";
    values.problem(key.source(), fmt::format("unknown key \"{}\"", name), std::move(mend));
}

/// Not if what dma says is a problem itself: then nobody knows what was meant.
void check_low_memory(Config& config, TomlValues& values, const toml::table& table)
{
    const toml::node* const low_memory = table.get("low_memory");
    const bool dma_known = !table.contains("dma") || config.dma.at.line != 0;
    if (low_memory != nullptr && dma_known && config.dma.value != Dma::identity)
    {
        values.problem(low_memory->source(), "low_memory is for dma = \"identity\" only",
                       "take the line out: memory begins at 0 without it");
        config.low_memory.reset();
    }
}

void require(Config& config, const toml::table& table, const char* key, const char* mend)
{
    if (table.contains(key))
        return;
    const SourcePosition whole_file{config.file};
    config.problems.push_back({whole_file, fmt::format("there is no {}", key), mend});
}

} // namespace

Config parse_config(std::string_view text, const std::string& file, VmName name)
{
    Config config{.name = std::move(name), .file = file};
    config.vcpus.at.file = config.cmdline.at.file = config.stop_timeout.at.file = file;
    config.dma.at.file = config.ocm.at.file = file;
    TomlValues values{file, config.problems};
    try
    {
        const toml::table table = toml::parse(text, file);
        config.readable = true;
        for (const auto& [key, node] : table)
        {
            if (const Key* known = find_key(key.str()))
                known->read(config, values, node);
            else
                unknown_key(values, key);
        }
        check_low_memory(config, values, table);
        require(config, table, "memory", "add a line such as memory = \"128M\"");
        require(config, table, "kernel", "add a line such as kernel = \"/path/of/guest.elf\"");
    }
    catch (const toml::parse_error& error)
    {
        values.problem(error.source(), std::string{error.description()},
                       "mend the TOML: a line is key = value, texts are in double quotes, each key "
                       "is given once");
    }
    return config;
}

} // namespace aliasvm::plan
