// SPDX-License-Identifier: Apache-2.0
// Does what a test tells it with two machines' containers, by aliasvm's own code, and answers.
//
// "iommu-probe" reads a command a line from standard input and answers each with a line, which
// begins with "refused: " if it threw. "iommu-probe watch" prints the IOMMU's faults as they come.
#include "common/base/error.hpp"
#include "common/base/file.hpp"
#include "common/facts/dma_holes.hpp"
#include "daemon/host/fault_watch.hpp"
#include "tests/virt/programs/edu.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include <fmt/format.h>

namespace
{

using namespace aliasvm;

/// What DMA copies at a time: one transaction, so that what is stopped is one fault.
using Value = std::uint32_t;

/// What a VM has of it: memory, and a device that does DMA.
struct Machine
{
    std::optional<Mapping> memory;
    GuestRange range;
    std::shared_ptr<vfio::LinuxContainer> container;
    std::optional<tests::Edu> device; ///< last: the first to go

    [[nodiscard]] std::byte* host(std::uint64_t guest) const
    {
        if (!memory || !range.contains(GuestAddr{guest}, sizeof(Value)))
            throw Error{EINVAL, "look at {:#x}, which is no memory of this machine", guest};
        return memory->data() + (guest - range.base.value);
    }
    [[nodiscard]] tests::Edu& edu()
    {
        if (!device)
            throw Error{ENODEV, "do DMA without a device"};
        return *device;
    }
};

std::shared_ptr<vfio::LinuxContainer> new_container()
{
    UniqueFd fd{::open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC)};
    if (!fd.ok())
        throw Error{errno, "open /dev/vfio/vfio"};
    return std::make_shared<vfio::LinuxContainer>(std::move(fd), vfio::LinuxContainer::Kind::type1);
}

std::string text_of(const std::vector<GuestRange>& ranges)
{
    std::string text;
    for (const GuestRange& range : ranges)
        text += fmt::format("{:#x}..{:#x} ", range.base.value, range.last().value);
    return text;
}

/// Where a page of this process lies in the host's memory (Documentation/admin-guide/mm/pagemap).
std::uint64_t host_physical(const void* address)
{
    const UniqueFd pagemap{::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)};
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    std::uint64_t entry{};
    const auto offset = static_cast<off_t>(at / page_size * sizeof entry);
    if (::pread(pagemap.get(), &entry, sizeof entry, offset) != sizeof entry)
        throw Error{errno, "read /proc/self/pagemap"};
    const std::uint64_t frame = entry & ((1ULL << 55) - 1);
    return frame * page_size + at % page_size;
}

/// Locked memory in KiB, descriptors, mappings.
std::string held()
{
    std::ifstream status{"/proc/self/status"};
    std::string locked;
    for (std::string line; std::getline(status, line);)
    {
        if (line.starts_with("VmLck:") || line.starts_with("VmPin:"))
            locked += line.substr(line.find_first_of("0123456789")) + ", ";
    }
    const auto descriptors =
        std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, {});
    return fmt::format("{}{} descriptors", locked, descriptors);
}

class Probe
{
public:
    std::string answer(const std::string& line)
    {
        std::istringstream words{line};
        std::string name;
        words >> name;
        // Numbers are hexadecimal with 0x, else decimal.
        words.unsetf(std::ios::basefield);
        const auto found = commands_.find(name);
        if (found == commands_.end())
            throw Error{EINVAL, "understand {}", line};
        return found->second(words);
    }

private:
    using Words = std::istringstream;

    template <class T>
    static T next(Words& words)
    {
        T word{};
        if (!(words >> word))
            throw Error{EINVAL, "find all words of a command"};
        return word;
    }
    Machine& machine(Words& words) { return machines_[next<std::string>(words)]; }

    std::string open(Words& words)
    {
        Machine& vm = machine(words);
        const auto address = next<std::string>(words);
        auto container = new_container();
        vm.device.emplace(address, container);
        vm.container = std::move(container);
        return "open";
    }
    std::string close(Words& words)
    {
        Machine& vm = machine(words);
        vm.device.reset();
        vm.container.reset();
        return "closed";
    }
    std::string ram(Words& words)
    {
        Machine& vm = machine(words);
        const auto base = next<std::uint64_t>(words);
        vm.range = {GuestAddr{base}, next<std::uint64_t>(words)};
        vm.memory = Mapping::anonymous(vm.range.size, page_size, "memory of a guest");
        return "memory";
    }
    std::string map(Words& words)
    {
        const Machine& vm = machine(words);
        vm.container->map(vm.range, vm.memory->data());
        return "mapped";
    }
    std::string unmap(Words& words)
    {
        const Machine& vm = machine(words);
        vm.container->unmap(vm.range);
        return "unmapped";
    }
    std::string cycle(Words& words)
    {
        const Machine& vm = machine(words);
        for (auto left = next<unsigned>(words); left != 0; --left)
        {
            vm.container->map(vm.range, vm.memory->data());
            vm.container->unmap(vm.range);
        }
        return "done";
    }
    std::string poke(Words& words)
    {
        const Machine& vm = machine(words);
        const auto at = next<std::uint64_t>(words);
        const auto value = next<Value>(words);
        std::memcpy(vm.host(at), &value, sizeof value);
        return "written";
    }
    std::string peek(Words& words)
    {
        const Machine& vm = machine(words);
        Value value{};
        std::memcpy(&value, vm.host(next<std::uint64_t>(words)), sizeof value);
        return fmt::format("{:#x}", value);
    }
    /// An address for the device: 0x1000, or b@0x1000 for the place in the host's memory where
    /// machine b has its 0x1000.
    std::uint64_t address(Words& words)
    {
        const auto word = next<std::string>(words);
        const auto at = word.find('@');
        if (at == word.npos)
            return std::stoull(word, nullptr, 0);
        const Machine& vm = machines_[word.substr(0, at)];
        return host_physical(vm.host(std::stoull(word.substr(at + 1), nullptr, 0)));
    }
    std::string load(Words& words)
    {
        Machine& vm = machine(words);
        const auto from = address(words);
        vm.edu().load(from, sizeof(Value));
        return fmt::format("loaded {:#x}", from);
    }
    std::string store(Words& words)
    {
        Machine& vm = machine(words);
        const auto to = address(words);
        vm.edu().store(to, sizeof(Value));
        return fmt::format("stored {:#x}", to);
    }
    static std::string holes(Words&)
    {
        const plan::Catalogue catalogue{read_file(ALIASVM_CATALOGUE), ALIASVM_CATALOGUE};
        return text_of(facts::dma_holes(catalogue));
    }

    std::map<std::string, Machine> machines_;
    const std::map<std::string, std::function<std::string(Words&)>> commands_{
        {"open", [this](Words& w) { return open(w); }},
        {"close", [this](Words& w) { return close(w); }},
        {"ram", [this](Words& w) { return ram(w); }},
        {"map", [this](Words& w) { return map(w); }},
        {"unmap", [this](Words& w) { return unmap(w); }},
        {"cycle", [this](Words& w) { return cycle(w); }},
        {"usable", [this](Words& w) { return text_of(machine(w).container->usable()); }},
        {"poke", [this](Words& w) { return poke(w); }},
        {"peek", [this](Words& w) { return peek(w); }},
        {"load", [this](Words& w) { return load(w); }},
        {"store", [this](Words& w) { return store(w); }},
        {"holes", holes},
        {"held", [](Words&) { return held(); }},
    };
};

void converse()
{
    Probe probe;
    for (std::string line; std::getline(std::cin, line);)
    {
        std::string answer;
        try
        {
            answer = probe.answer(line);
        }
        catch (const Error& error)
        {
            answer = fmt::format("refused: {}", error.what());
        }
        // At once: a test may act on one answer before it says the next line.
        std::cout << answer << std::endl;
    }
}

void watch()
{
    UniqueFd kmsg{::open("/dev/kmsg", O_RDONLY | O_CLOEXEC)};
    if (!kmsg.ok())
        throw Error{errno, "open /dev/kmsg"};
    boost::asio::io_context io;
    const daemon::FaultWatch faults{
        io, std::move(kmsg),
        [](const daemon::IommuFault& fault)
        {
            std::cout << fmt::format("{} {:#x} {} {}", fault.iommu, fault.stream,
                                     fault.address ? fmt::format("{:#x}", *fault.address) : "-",
                                     fault.words)
                      << std::endl;
        }};
    std::cout << "watching" << std::endl;
    io.run();
}

} // namespace

int main(int argc, char** argv)
{
    try
    {
        if (argc == 2 && std::strcmp(argv[1], "watch") == 0)
            watch();
        else if (argc == 1)
            converse();
        else
            return 2;
        return 0;
    }
    catch (const std::exception& error)
    {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
