// SPDX-License-Identifier: Apache-2.0
// The bus knows the sender's user, polkit the rest.
#include "daemon/faces/authorization.hpp"

#include "common/bus/error.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace aliasvm::daemon
{

namespace asio = boost::asio;
using bus::Message;
using bus::NamedError;
using namespace std::chrono_literals;

namespace
{

constexpr auto bus_timeout = 5s;
constexpr auto person_timeout = 120s;
constexpr std::uint32_t allow_user_interaction = 1; // CheckAuthorizationFlags

[[noreturn]] void deny(const std::string& sender, const char* action_id)
{
    throw NamedError{bus::error_name::access_denied,
                     "{} may not do this: it needs root, or polkit's leave for {}", sender,
                     action_id};
}

} // namespace

asio::awaitable<void> Authorization::require(const Message& call, const char* action_id) const
{
    const Message kept = call;
    const char* const sender = sd_bus_message_get_sender(kept.get());
    if (sender == nullptr)
        deny("a caller without a name", action_id);
    const std::string name = sender;
    auto question = connection_->new_call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                          "org.freedesktop.DBus", "GetConnectionUnixUser");
    question.append("s", name.c_str());
    std::uint32_t user = UINT32_MAX;
    Message answer = co_await connection_->call(std::move(question), bus_timeout);
    answer.read("u", &user);
    if (user == 0)
        co_return;
    const bool interactive = sd_bus_message_get_allow_interactive_authorization(kept.get()) > 0;
    if (!co_await ask_polkit(name, interactive, action_id))
        deny(name, action_id);
}

asio::awaitable<bool> Authorization::ask_polkit(std::string sender, bool interactive,
                                                const char* action_id) const
{
    auto question =
        connection_->new_call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                              "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
    question.append("(sa{sv})", "system-bus-name", 1, "name", "s", sender.c_str())
        .append("s", action_id)
        .append("a{ss}", 0)
        .append("us", interactive ? allow_user_interaction : 0U, "");
    try
    {
        Message answer = co_await connection_->call(
            std::move(question), interactive ? std::chrono::microseconds{person_timeout}
                                             : std::chrono::microseconds{bus_timeout});
        int authorized = 0;
        int challenge = 0;
        if (!answer.enter('r', "bba{ss}"))
            co_return false;
        answer.read("bb", &authorized, &challenge);
        co_return authorized != 0;
    }
    catch (const NamedError&)
    {
        co_return false; // no polkit here
    }
}

} // namespace aliasvm::daemon
