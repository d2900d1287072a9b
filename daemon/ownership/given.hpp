// SPDX-License-Identifier: Apache-2.0
// Given: which machine was given which instance, so that a claim can be held against it.
#pragma once

#include "daemon/files/assignments.hpp"

#include <map>
#include <string>
#include <string_view>

namespace aliasvm::daemon
{

/// A VMM may be hostile: that it says it has an instance proves nothing. What is believed, also by
/// the process that comes after this one, is what was written down here before the descriptors went
/// out. Kept in /run/aliasvm/given.toml, one table a machine, as assignments are. Main thread.
class Given
{
public:
    /// Throws Error that names the file if it is damaged.
    explicit Given(std::string path);

    /// Where there is no file, a daemon of a version that wrote none may have given anything to
    /// anybody: until begin() everybody is then believed.
    [[nodiscard]] bool to(std::string_view instance, std::string_view machine,
                          std::string_view alias) const;
    /// Throws Error, and then it is as before.
    void set(const std::string& instance, const std::string& machine, const std::string& alias);
    /// One that cannot be written is only logged: the next process then believes a claim of who had
    /// it last.
    void erase(std::string_view instance);
    void begin();

private:
    struct Holder
    {
        std::string machine;
        std::string alias;

        friend bool operator==(const Holder&, const Holder&) = default;
    };
    using Holders = std::map<std::string, Holder, std::less<>>; ///< by instance

    void save(const Holders& holders) const;
    void save_or_log() const;

    std::string path_;
    Holders holders_;
    bool unknown_; ///< there was no file
};

} // namespace aliasvm::daemon
