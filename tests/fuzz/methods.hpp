// SPDX-License-Identifier: Apache-2.0
// Methods of the daemon that are called, on which objects, and the words of their arguments.
#pragma once

#include "tests/fuzz/generator.hpp"

#include <string>
#include <vector>

namespace aliasvm::fuzz
{

struct Argument
{
    std::string type;
    std::string name;
};

/// A method, and the objects it is called on.
struct Method
{
    std::string interface;
    std::string member;
    std::vector<Argument> arguments;
    std::vector<std::string> paths;
};

/// Objects of one kind, and the interface that is theirs.
struct Kind
{
    const char* interface;
    std::vector<std::string> paths; ///< the first is there
};

inline constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";

[[nodiscard]] std::vector<Kind> kinds();
/// Words that arguments of a name may have: some are right, some never.
[[nodiscard]] Vocabulary vocabulary();
/// The methods in an Introspect answer's interface; adds its properties' names to the words.
[[nodiscard]] std::vector<Method> methods_of(const std::string& xml, const Kind& kind,
                                             const std::string& interface, Vocabulary& words);
/// What the peer protocol of common/bus/names.hpp has for a VMM to call.
[[nodiscard]] std::vector<Method> broker_methods();

} // namespace aliasvm::fuzz
