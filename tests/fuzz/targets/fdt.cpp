// SPDX-License-Identifier: Apache-2.0
// A device tree of anybody's making: read from end to end, written anew, taken for a catalogue.
#include "common/base/error.hpp"
#include "common/fdt/reader.hpp"
#include "common/fdt/writer.hpp"
#include "common/plan/config.hpp"
#include "tests/fuzz/targets/plan_rules.hpp"
#include "tests/fuzz/targets/target.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <libfdt.h>

namespace aliasvm::fuzz
{
namespace
{

bool within(const void* at, std::size_t size, std::span<const std::byte> blob)
{
    // Addresses as numbers: comparing pointers of different objects says nothing.
    const auto begin = reinterpret_cast<std::uintptr_t>(blob.data());
    const auto first = reinterpret_cast<std::uintptr_t>(at);
    return first >= begin && size <= blob.size() && first - begin <= blob.size() - size;
}

/// What is of another form than asked for is an Error, and nothing else.
void read_all_forms(const fdt::Node& node, const std::string& property)
{
    const std::vector<std::function<void()>> readings{
        [&] { static_cast<void>(node.cell(property)); },
        [&] { static_cast<void>(node.cells(property)); },
        [&] { static_cast<void>(node.string(property)); },
        [&] { static_cast<void>(node.strings(property)); },
        [&] { static_cast<void>(node.reg()); },
    };
    for (const auto& read : readings)
    {
        try
        {
            read();
        }
        catch (const Error& error)
        {
            require(std::string_view{error.what()}.size() > 10, "an error has words");
        }
    }
}

/// No other child has the same name, a unit address left out: by its path one finds the first.
bool has_path(const fdt::Node& node, const std::vector<fdt::Node>& siblings)
{
    return !node.name().empty() && node.name().find('/') == std::string_view::npos &&
           std::ranges::count(siblings, node.stem(), &fdt::Node::stem) == 1;
}

void check_node(const fdt::Tree& tree, const fdt::Node& node, std::span<const std::byte> blob,
                bool findable)
{
    const std::string_view name = node.name();
    require(within(name.data(), name.size(), blob), "a name is in the blob");
    require(name.starts_with(node.stem()), "a stem begins the name");
    if (findable)
    {
        const auto found = tree.find(node.path());
        require(found && found->name().data() == name.data(), "a node is found at its path");
    }
    for (const fdt::Property& property : node.properties())
    {
        require(within(property.value.data(), property.value.size(), blob),
                "a value is in the blob");
        require(within(property.name.data(), property.name.size(), blob),
                "a property's name is in the blob");
        require(node.has(property.name), "a property is there by its name");
        read_all_forms(node, std::string{property.name});
    }
    const std::vector<fdt::Node> children = node.children();
    for (const fdt::Node& child : children)
        check_node(tree, child, blob, findable && has_path(child, children));
}

void copy(const fdt::Node& node, fdt::Writer& writer)
{
    for (const fdt::Property& property : node.properties())
        writer.bytes(std::string{property.name}, property.value);
    for (const fdt::Node& child : node.children())
    {
        const auto open = writer.node(std::string{child.name()});
        copy(child, writer);
    }
}

void require_same(const fdt::Node& a, const fdt::Node& b)
{
    const auto ours = a.properties();
    const auto theirs = b.properties();
    require(std::ranges::equal(ours, theirs,
                               [](const fdt::Property& one, const fdt::Property& other) {
                                   return one.name == other.name &&
                                          std::ranges::equal(one.value, other.value);
                               }),
            "a written tree has the properties of what was read");
    const auto below = a.children();
    const auto below_too = b.children();
    require(below.size() == below_too.size(), "a written tree has the nodes of what was read");
    for (std::size_t index = 0; index < below.size(); ++index)
    {
        require(below[index].name() == below_too[index].name(), "nodes keep name and order");
        require_same(below[index], below_too[index]);
    }
}

/// libfdt's own count, node by node.
std::pair<int, int> count_by_libfdt(const void* blob)
{
    int nodes = 0;
    int next = 0;
    int properties = 0;
    for (int offset = 0;; offset = next)
    {
        const auto tag = fdt_next_tag(blob, offset, &next);
        if (tag == FDT_END || next < 0)
            break;
        nodes += tag == FDT_BEGIN_NODE ? 1 : 0;
        properties += tag == FDT_PROP ? 1 : 0;
    }
    return {nodes, properties};
}

std::pair<int, int> count(const fdt::Node& node)
{
    std::pair<int, int> sum{1, static_cast<int>(node.properties().size())};
    for (const fdt::Node& child : node.children())
    {
        const auto [nodes, properties] = count(child);
        sum.first += nodes;
        sum.second += properties;
    }
    return sum;
}

void read_tree(const std::vector<std::byte>& blob)
{
    const fdt::Tree tree{blob, "input"};
    require(tree.size() <= blob.size(), "a tree is not larger than its blob");
    check_node(tree, tree.root(), blob, true);
    const auto [nodes, properties] = count(tree.root());
    const auto [all_nodes, all_properties] = count_by_libfdt(blob.data());
    require(nodes == all_nodes && properties <= all_properties, "all nodes are there");

    fdt::Writer writer;
    copy(tree.root(), writer);
    const std::vector<std::byte> written = std::move(writer).finish();
    const fdt::Tree again{written, "what was written"};
    require(again.size() == written.size(), "what is written is as long as it says");
    require_same(tree.root(), again.root());
}

/// With a VM that has its first device and one that has none.
void read_catalogue(const std::vector<std::byte>& blob)
{
    const plan::Catalogue catalogue{blob, "input"};
    require(!catalogue.memory().empty(), "a catalogue has memory");
    std::string text = "memory = \"1M\"\nkernel = \"/k\"\n[alias]\n";
    for (const plan::Instance& instance : catalogue.instances())
    {
        require(catalogue.find(instance.name) == &instance, "an instance is found by its name");
        require(!instance.windows.empty(), "an instance has a window");
        for (const HostRange& window : instance.windows)
            require(window.size != 0 && window.valid(), "a window is one");
        for (const std::uint32_t line : instance.interrupt)
            require(line < instance.lines.size(), "an interrupt is a line");
        text += "'" + instance.name + "' = '" + catalogue.instances().front().name + "'\n";
    }
    plan::HostFacts facts;
    facts.kernel = plan::RawImage{0x1000};
    const auto config = plan::parse_config(text, "vm.toml", *VmName::from("vm"));
    if (config.readable)
        plan_soundly(config, catalogue, facts, text);
}

} // namespace
} // namespace aliasvm::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace aliasvm;
    const auto bytes = fuzz::as_bytes(fuzz::as_text(data, size));
    const std::vector<std::byte> blob{bytes.begin(), bytes.end()};
    for (const auto read : {fuzz::read_tree, fuzz::read_catalogue})
    {
        try
        {
            read(blob);
        }
        catch (const Error& error)
        {
            fuzz::require(error.code().value() == EINVAL, "what is no tree is refused as that");
        }
    }
    return 0;
}
