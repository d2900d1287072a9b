// SPDX-License-Identifier: Apache-2.0
// Assignments: the bindings since boot that differ from the configuration files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace aliasvm::daemon
{

/// For each machine and alias, the instance that was assigned last; the empty one is an alias that
/// was released. Kept in /run/aliasvm/assignments.toml, so that a daemon that was killed finds them
/// again, and a boot forgets them:
///
///     [left]
///     uart0 = "uart1"
///     ttc0 = { instance = "ttc2", force = true }
///
/// With force, the instance is taken from a driver of the host at each start of the machine.
/// Names are kept as they are, known or not: a configuration may come back. One thread at a time.
class Assignments
{
public:
    /// Alias to instance.
    using Bindings = std::map<std::string, std::string, std::less<>>;

    /// Nothing if there is no such file. Throws Error that names it if it is damaged.
    [[nodiscard]] static Assignments load(const std::string& path);
    /// Wholly or not at all, with one line about what the file is. Throws Error.
    void save(const std::string& path,
              std::string_view about = "What was assigned since boot") const;

    [[nodiscard]] std::optional<std::string> find(std::string_view machine,
                                                  std::string_view alias) const;
    /// Whether it was assigned with force.
    [[nodiscard]] bool forced(std::string_view machine, std::string_view alias) const;
    void set(std::string_view machine, std::string_view alias, std::string_view instance,
             bool force = false);
    void erase(std::string_view machine, std::string_view alias);
    /// Empty for a machine that has none. Good until the next set() or erase().
    [[nodiscard]] const Bindings& of(std::string_view machine) const;

    [[nodiscard]] const std::map<std::string, Bindings, std::less<>>& all() const noexcept
    {
        return machines_;
    }

    friend bool operator==(const Assignments&, const Assignments&) = default;

private:
    std::map<std::string, Bindings, std::less<>> machines_;  ///< none of them empty
    std::set<std::pair<std::string, std::string>> forced_{}; ///< machine and alias
};

} // namespace aliasvm::daemon
