// SPDX-License-Identifier: Apache-2.0
// FakeUnits: a systemd that starts fake VMMs.
#pragma once

#include "daemon/ports/units.hpp"

#include <functional>
#include <map>
#include <string>

namespace aliasvm::service
{

/// A job ends when `on_start` or `on_stop` has returned true; with false it fails.
class FakeUnits final : public daemon::Units
{
public:
    std::function<bool(const VmName&)> on_start = [](const VmName&) { return true; };
    std::function<bool(const VmName&)> on_stop = [](const VmName&) { return true; };
    std::map<std::string, daemon::UnitFacts> facts;

    void set(const VmName& name, const std::string& active)
    {
        facts[name.str()].active = active;
        tell(name);
    }
    void tell(const VmName& name)
    {
        if (call_)
            call_(name, facts[name.str()]);
    }

    void on_change(OnChange call) override { call_ = std::move(call); }

    boost::asio::awaitable<std::vector<VmName>> running() override
    {
        std::vector<VmName> names;
        for (const auto& [name, unit] : facts)
        {
            tell(*VmName::from(name));
            if (!unit.down())
                names.push_back(*VmName::from(name));
        }
        co_return names;
    }

    boost::asio::awaitable<std::string> start(VmName name) override
    {
        if (!facts[name.str()].down())
            co_return "done";
        set(name, "activating");
        const bool good = on_start(name);
        set(name, good ? "active" : "failed");
        co_return good ? "done" : "failed";
    }

    boost::asio::awaitable<std::string> stop(VmName name) override
    {
        const bool good = on_stop(name);
        if (good)
            set(name, "inactive");
        co_return good ? "done" : "failed";
    }

private:
    OnChange call_;
};

} // namespace aliasvm::service
