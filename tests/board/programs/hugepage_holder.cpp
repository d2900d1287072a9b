// SPDX-License-Identifier: Apache-2.0
// Has hugepages that VMs then do not have, fills them, and says at its end whether anybody else
// wrote to them: "all" takes every page as it becomes free, "fence FIRST GROUP" leaves some.
#include "common/base/error.hpp"
#include "common/base/mapping.hpp"
#include "common/base/unique_fd.hpp"
#include "daemon/host/pagemap.hpp"

#include <linux/memfd.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace
{

using namespace aliasvm;

constexpr std::uint64_t page_bytes = 2U << 20;
constexpr std::uint64_t buffer_bytes = 2048;

/// One hugepage; it goes back to the host with this.
class Page
{
public:
    /// Nothing if none is free.
    static std::optional<Page> take(const daemon::Pagemap& pagemap)
    {
        UniqueFd file{::memfd_create("hugepage", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB)};
        if (!file.ok())
            throw Error{errno, "make a file of hugepages"};
        if (::fallocate(file.get(), 0, 0, page_bytes) != 0)
        {
            if (errno == ENOSPC || errno == ENOMEM)
                return std::nullopt;
            throw Error{errno, "allocate a hugepage"};
        }
        Page page{Mapping::shared(file.get(), 0, page_bytes, "hugepage")};
        static_cast<void>(*static_cast<const volatile std::byte*>(page.mapping_.data()));
        page.address_ = pagemap.address_of(page.mapping_.data()).value;
        return page;
    }

    [[nodiscard]] std::uint64_t address() const { return address_; }

    void fill() const
    {
        const auto all = words();
        for (std::size_t n = 0; n < all.size(); ++n)
            all[n] = bait(n);
    }

    /// The physical address of the first word that is not what was filled in.
    [[nodiscard]] std::optional<std::uint64_t> spoilt() const
    {
        const auto all = words();
        for (std::size_t n = 0; n < all.size(); ++n)
        {
            if (all[n] != bait(n))
                return address_ + n * sizeof all[n];
        }
        return std::nullopt;
    }

private:
    explicit Page(Mapping mapping) : mapping_{std::move(mapping)} {}

    /// A GEM that still has its ring here finds empty receive descriptors of four words each
    /// (UG1085), whose buffers are in this very page: it would go on, and leave its traces. Their
    /// last word, which no GEM looks at, differs from page to page.
    [[nodiscard]] std::uint32_t bait(std::size_t n) const
    {
        const std::size_t descriptor = n / 4;
        switch (n % 4)
        {
        case 0: // bits 0 and 1 clear: the controller's, and not the last
            return static_cast<std::uint32_t>(address_) +
                   static_cast<std::uint32_t>(descriptor * buffer_bytes % (page_bytes / 2));
        case 2:
            return static_cast<std::uint32_t>(address_ >> 32);
        case 3:
            return static_cast<std::uint32_t>((address_ + descriptor) * 0x9e37'79b1);
        default:
            return 0;
        }
    }

    [[nodiscard]] std::span<volatile std::uint32_t> words() const
    {
        return {reinterpret_cast<volatile std::uint32_t*>(mapping_.data()), page_bytes / 4};
    }

    Mapping mapping_;
    std::uint64_t address_{};
};

/// What is held so far, lowest address first, as what a test reads.
void say(const std::vector<Page>& pages, const char* what)
{
    for (const Page& page : pages)
        std::printf("holder: %s 0x%llx\n", what, static_cast<unsigned long long>(page.address()));
    std::fflush(stdout);
}

std::vector<Page> take_all(const daemon::Pagemap& pagemap)
{
    std::vector<Page> pages;
    while (auto page = Page::take(pagemap))
        pages.push_back(std::move(*page));
    std::ranges::sort(pages, {}, &Page::address);
    return pages;
}

/// Gives the first `first` pages back, and of the rest all but one between every `group`.
std::vector<Page> fence(std::vector<Page> all, std::size_t first, std::size_t group)
{
    std::vector<Page> held;
    for (std::size_t n = first; n < all.size(); n += group + 1)
        held.push_back(std::move(all[n]));
    return held;
}

std::optional<std::size_t> number(std::string_view text)
{
    std::size_t value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// Until SIGTERM; `greedy`: takes what becomes free meanwhile.
void hold(std::vector<Page>& pages, const daemon::Pagemap& pagemap, bool greedy,
          const sigset_t& ends)
{
    const timespec moment{0, 1'000'000};
    while (::sigtimedwait(&ends, nullptr, &moment) < 0)
    {
        const auto known = pages.size();
        while (auto page = greedy ? Page::take(pagemap) : std::nullopt)
        {
            page->fill();
            pages.push_back(std::move(*page));
        }
        for (auto n = known; n < pages.size(); ++n)
            std::printf("holder: later 0x%llx\n",
                        static_cast<unsigned long long>(pages[n].address()));
        if (pages.size() != known)
            std::fflush(stdout);
    }
}

int run(std::optional<std::size_t> first, std::optional<std::size_t> group)
{
    sigset_t ends;
    ::sigemptyset(&ends);
    ::sigaddset(&ends, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &ends, nullptr);

    const daemon::Pagemap pagemap;
    std::vector<Page> pages = take_all(pagemap);
    if (first)
        pages = fence(std::move(pages), *first, *group);
    for (const Page& page : pages)
        page.fill();
    say(pages, "page");
    std::puts("holder: ready");
    std::fflush(stdout);

    hold(pages, pagemap, !first, ends);
    int status = 0;
    for (const Page& page : pages)
    {
        if (const auto where = page.spoilt())
        {
            std::printf("holder: spoilt 0x%llx\n", static_cast<unsigned long long>(*where));
            status = 1;
        }
    }
    std::printf("holder: looked at %zu\n", pages.size());
    return status;
}

} // namespace

int main(int argc, char** argv)
{
    const std::span<char*> arguments{argv, static_cast<std::size_t>(argc)};
    const std::string_view mode = argc > 1 ? arguments[1] : "";
    const auto first = argc == 4 ? number(arguments[2]) : std::nullopt;
    const auto group = argc == 4 ? number(arguments[3]) : std::nullopt;
    try
    {
        if (mode == "all" && argc == 2)
            return run(std::nullopt, std::nullopt);
        if (mode == "fence" && first && group)
            return run(first, group);
        std::fputs("usage: hugepage-holder all | fence FIRST GROUP\n", stderr);
        return 2;
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "hugepage-holder: %s\n", error.what());
        return 1;
    }
}
