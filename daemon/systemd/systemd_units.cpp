// SPDX-License-Identifier: Apache-2.0
// Jobs, signals, properties.
#include "daemon/systemd/systemd_units.hpp"

#include "common/bus/error.hpp"
#include "common/bus/method.hpp"

#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

constexpr const char* systemd = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_prefix = "/org/freedesktop/systemd1/unit";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr std::string_view no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";
constexpr auto call_timeout = 25s;
/// A guest's stop_timeout may be an hour.
constexpr auto job_timeout = 2h;

constexpr std::string_view before_name = "vm@";
constexpr std::string_view after_name = ".service";

std::optional<VmName> machine_of_path(const char* path)
{
    char* unit = nullptr;
    if (sd_bus_path_decode(path, unit_prefix, &unit) <= 0)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&std::free)> owner{unit, &std::free};
    return machine_of_unit(unit);
}

/// The properties of UnitFacts, out of an a{sv} of either interface of a service unit.
void read_facts(Message& reply, UnitFacts& facts)
{
    for (bool any = reply.enter('a', "{sv}"); any && reply.enter('e', "sv"); reply.exit())
    {
        const std::string name = reply.read_string();
        const std::string type = reply.peek_variant();
        std::string* const text = name == "ActiveState"  ? &facts.active
                                  : name == "SubState"   ? &facts.sub
                                  : name == "Result"     ? &facts.result
                                  : name == "StatusText" ? &facts.status
                                                         : nullptr;
        if (text != nullptr && type == "s")
        {
            const char* value = nullptr;
            reply.read("v", "s", &value);
            *text = value;
        }
        else if (name == "MainPID" && type == "u")
            reply.read("v", "u", &facts.main_pid);
        else if (name == "ExecMainStatus" && type == "i")
            reply.read("v", "i", &facts.exit_status);
        else
            reply.skip("v");
    }
}

} // namespace

std::string unit_of(const VmName& name)
{
    return fmt::format("{}{}{}", before_name, name.str(), after_name);
}

std::optional<VmName> machine_of_unit(std::string_view unit)
{
    if (!unit.starts_with(before_name) || !unit.ends_with(after_name))
        return std::nullopt;
    unit.remove_prefix(before_name.size());
    unit.remove_suffix(after_name.size());
    return VmName::from(unit);
}

SystemdUnits::SystemdUnits(asio::io_context& io, std::shared_ptr<bus::Connection> connection)
    : io_{io}, connection_{std::move(connection)}, jobs_changed_{io}
{
}

asio::awaitable<void> SystemdUnits::subscribe()
{
    const auto match = [this](const char* rule, sd_bus_message_handler_t handler)
    {
        sd_bus_slot* slot = nullptr;
        bus::require(
            sd_bus_add_match_async(connection_->raw(), &slot, rule, handler, nullptr, this),
            "ask for systemd's signals");
        matches_.emplace_back(slot);
    };
    match("type='signal',sender='org.freedesktop.systemd1',"
          "interface='org.freedesktop.systemd1.Manager',member='JobRemoved'",
          bus::method<&SystemdUnits::job_removed>);
    match("type='signal',sender='org.freedesktop.systemd1',"
          "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
          "path_namespace='/org/freedesktop/systemd1/unit'",
          bus::method<&SystemdUnits::properties_changed>);
    co_await connection_->call(connection_->new_call(systemd, manager_path, manager, "Subscribe"),
                               call_timeout);
}

void SystemdUnits::job_removed(Message signal)
{
    std::uint32_t id = 0;
    const char* path = nullptr;
    const char* unit = nullptr;
    const char* result = nullptr;
    signal.read("uoss", &id, &path, &unit, &result);
    if (waiting_ != 0)
        results_.insert_or_assign(path, result);
    jobs_changed_.notify_all();
}

void SystemdUnits::properties_changed(Message signal)
{
    const auto name = machine_of_path(sd_bus_message_get_path(signal.get()));
    if (!name)
        return;
    const std::string interface = signal.read_string();
    if (interface != unit_interface && interface != service_interface)
        return;
    UnitFacts& facts = facts_[name->str()];
    read_facts(signal, facts);
    // systemd tells of the service first, so that who hears of the unit has both.
    if (interface == service_interface)
        return;
    // Down it may be for a moment only, between two runs.
    if (facts.down())
        refresh(*name);
    else if (on_change_)
        on_change_(*name, facts);
}

asio::awaitable<std::vector<VmName>> SystemdUnits::running()
{
    auto call = connection_->new_call(systemd, manager_path, manager, "ListUnitsByPatterns");
    call.append("as", 0).append("as", 1, "vm@*.service");
    Message reply = co_await connection_->call(std::move(call), call_timeout);
    std::vector<VmName> names;
    for (bool any = reply.enter('a', "(ssssssouso)"); any && reply.enter('r', "ssssssouso");
         reply.exit())
    {
        const auto name = machine_of_unit(reply.read_string());
        reply.skip("sssssouso");
        if (!name)
            continue;
        co_await read(*name);
        const UnitFacts facts = facts_[name->str()];
        if (on_change_)
            on_change_(*name, facts);
        if (!facts.down())
            names.push_back(*name);
    }
    co_return names;
}

asio::awaitable<std::string> SystemdUnits::start(VmName name)
{
    return job("StartUnit", std::move(name));
}

asio::awaitable<std::string> SystemdUnits::stop(VmName name)
{
    return job("StopUnit", std::move(name));
}

asio::awaitable<std::string> SystemdUnits::job(const char* method, VmName name)
{
    const auto self = shared_from_this();
    struct Waiting
    {
        explicit Waiting(std::shared_ptr<SystemdUnits> its_units) : units{std::move(its_units)}
        {
            ++units->waiting_;
        }
        ~Waiting()
        {
            if (--units->waiting_ == 0)
                units->results_.clear();
        }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        std::shared_ptr<SystemdUnits> units;
    };
    // From before the call: a job may be over before its path is known here.
    const Waiting waiting{self};
    auto call = connection_->new_call(systemd, manager_path, manager, method);
    call.append("ss", unit_of(name).c_str(), "replace");
    Message reply = co_await connection_->call(std::move(call), call_timeout);
    const char* path = nullptr;
    reply.read("o", &path);
    const std::string job = path;
    if (!co_await jobs_changed_.until([&] { return results_.contains(job); }, job_timeout))
        throw NamedError{bus::error_name::no_reply, "systemd's job {} does not end", job};
    const std::string result = results_.at(job);
    co_await read(name);
    if (on_change_)
        on_change_(name, facts_[name.str()]);
    co_return result;
}

asio::awaitable<void> SystemdUnits::read(VmName name)
{
    auto question = connection_->new_call(systemd, manager_path, manager, "GetUnit");
    question.append("s", unit_of(name).c_str());
    std::string path;
    try
    {
        Message answer = co_await connection_->call(std::move(question), call_timeout);
        const char* of_unit = nullptr;
        answer.read("o", &of_unit);
        path = of_unit;
    }
    catch (const NamedError& error)
    {
        // Down, and not kept any longer: what was told last holds.
        if (error.name() == no_such_unit)
            co_return;
        throw;
    }
    for (const char* interface : {service_interface, unit_interface})
    {
        auto call = connection_->new_call(systemd, path.c_str(), "org.freedesktop.DBus.Properties",
                                          "GetAll");
        call.append("s", interface);
        Message reply = co_await connection_->call(std::move(call), call_timeout);
        // At once, as what is told meanwhile is either older than this answer or comes after it.
        read_facts(reply, facts_[name.str()]);
    }
}

void SystemdUnits::refresh(const VmName& name)
{
    const auto [entry, first] = reading_.try_emplace(name.str(), false);
    if (!first)
    {
        entry->second = true;
        return;
    }
    asio::co_spawn(io_, keep_reading(name), asio::detached);
}

asio::awaitable<void> SystemdUnits::keep_reading(VmName name)
{
    const auto self = shared_from_this();
    for (bool again = true; again;)
    {
        reading_[name.str()] = false;
        try
        {
            co_await read(name);
            if (on_change_)
                on_change_(name, facts_[name.str()]);
        }
        catch (const std::exception& error)
        {
            spdlog::warn("ask systemd about {}: {}", unit_of(name), error.what());
        }
        again = reading_[name.str()];
    }
    reading_.erase(name.str());
}

} // namespace aliasvm::daemon
