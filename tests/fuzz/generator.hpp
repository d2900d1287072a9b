// SPDX-License-Identifier: Apache-2.0
// Generator: contents of D-Bus messages that nobody means well with.
#pragma once

#include "common/base/unique_fd.hpp"
#include "common/bus/message.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace aliasvm::fuzz
{

/// Strings that mean something at the place of an argument, by the argument's name.
using Vocabulary = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Descriptors that are sent: /dev/null, an end of a pipe, a memfd that nobody has any more.
class Descriptors
{
public:
    Descriptors();
    [[nodiscard]] int at(std::size_t index) const { return ends_[index % ends_.size()].get(); }

private:
    std::array<UniqueFd, 3> ends_;
};

/// The complete types of a signature: "sa{sv}" is "s", "a{sv}".
[[nodiscard]] std::vector<std::string> complete_types(std::string_view signature);

/// Everything it makes follows from its seed alone. Messages stay within what a bus carries.
class Generator
{
public:
    Generator(std::uint64_t seed, const Vocabulary& words, const Descriptors& descriptors)
        : random_{seed}, words_{words}, descriptors_{descriptors}
    {
    }

    [[nodiscard]] std::uint64_t below(std::uint64_t end) { return random_() % end; }
    [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }
    [[nodiscard]] std::string signature();
    [[nodiscard]] std::string string(std::string_view argument);
    /// A value of one complete type. Throws Error.
    void append(bus::Message& message, const std::string& type, std::string_view argument = {},
                int depth = 0);
    [[nodiscard]] std::string noise(std::size_t most);

private:
    [[nodiscard]] std::string type(int depth);
    void append_basic(bus::Message& message, char type, std::string_view argument);
    void append_array(bus::Message& message, const std::string& element, int depth);
    void append_option(bus::Message& message, int depth);
    [[nodiscard]] bool may_follow(const std::string& type) const;

    std::mt19937_64 random_;
    const Vocabulary& words_;
    const Descriptors& descriptors_;
    int drawn_descriptors_{};
    int sent_descriptors_{};
};

} // namespace aliasvm::fuzz
