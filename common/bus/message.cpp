// SPDX-License-Identifier: Apache-2.0
// Reading and writing, one check for each.
#include "common/bus/message.hpp"

#include "common/base/error.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstddef>

#include <fmt/format.h>

namespace aliasvm::bus
{

Message& Message::wrote(int answer)
{
    if (answer < 0)
        throw Error{-answer, "write a D-Bus message"};
    return *this;
}

int Message::require_read(int answer, const char* types)
{
    if (answer < 0)
        throw BadMessage{fmt::format("the message has no \"{}\" where one is due", types)};
    return answer;
}

Message& Message::append_bytes(const std::vector<std::byte>& bytes)
{
    return wrote(sd_bus_message_append_array(message_, 'y', bytes.data(), bytes.size()));
}

Message& Message::open(char type, const char* contents)
{
    return wrote(sd_bus_message_open_container(message_, type, contents));
}

Message& Message::close()
{
    return wrote(sd_bus_message_close_container(message_));
}

std::string Message::read_string()
{
    const char* text = nullptr;
    read("s", &text);
    return text;
}

bool Message::read_bool()
{
    int value = 0; // as wide as sd-bus writes it
    read("b", &value);
    return value != 0;
}

std::vector<std::byte> Message::read_bytes()
{
    const void* data = nullptr;
    std::size_t size = 0;
    require_read(sd_bus_message_read_array(message_, 'y', &data, &size), "ay");
    const auto* const first = static_cast<const std::byte*>(data);
    return {first, first + size};
}

UniqueFd Message::read_fd()
{
    int lent = -1;
    read("h", &lent);
    UniqueFd own{::fcntl(lent, F_DUPFD_CLOEXEC, 3)};
    if (!own.ok())
        throw Error{errno, "keep a descriptor out of a message"};
    return own;
}

bool Message::enter(char type, const char* contents)
{
    return require_read(sd_bus_message_enter_container(message_, type, contents), contents) > 0;
}

void Message::exit()
{
    require_read(sd_bus_message_exit_container(message_), "end of a container");
}

std::string Message::peek_variant()
{
    const char* contents = nullptr;
    const int found = sd_bus_message_peek_type(message_, nullptr, &contents);
    return require_read(found, "v") > 0 && contents != nullptr ? contents : "";
}

void Message::skip(const char* types)
{
    require_read(sd_bus_message_skip(message_, types), types);
}

Message Message::new_reply() const
{
    sd_bus_message* reply = nullptr;
    if (const int answer = sd_bus_message_new_method_return(message_, &reply); answer < 0)
        throw Error{-answer, "make a reply"};
    return Message{reply};
}

void Message::send() const
{
    const int answer = sd_bus_send(nullptr, message_, nullptr);
    if (answer < 0 && answer != -ENOTCONN && answer != -ECONNRESET)
        throw Error{-answer, "send a D-Bus message"};
}

} // namespace aliasvm::bus
