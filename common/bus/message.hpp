// SPDX-License-Identifier: Apache-2.0
// Message and Slot: owners of sd-bus's reference-counted things, with errors as exceptions.
#pragma once

#include "common/base/unique_fd.hpp"

#include <concepts>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <systemd/sd-bus.h>

namespace aliasvm::bus
{

/// A message holds something else than its reader expects, or more than is allowed.
class BadMessage : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// One reference to a message. Types are those of D-Bus ("s", "a(ss)"); sd_bus_message_append(3)
/// and sd_bus_message_read(3) say what C types go with them. Reading throws BadMessage, writing
/// Error.
class Message
{
public:
    Message() = default;
    /// Takes over a reference.
    explicit Message(sd_bus_message* taken) noexcept : message_{taken} {}
    /// Another reference to a message that somebody else keeps.
    [[nodiscard]] static Message share(sd_bus_message* message) noexcept
    {
        return Message{sd_bus_message_ref(message)};
    }
    Message(const Message& other) noexcept : message_{sd_bus_message_ref(other.message_)} {}
    Message(Message&& other) noexcept : message_{std::exchange(other.message_, nullptr)} {}
    Message& operator=(Message other) noexcept
    {
        std::swap(message_, other.message_);
        return *this;
    }
    ~Message() { sd_bus_message_unref(message_); }

    [[nodiscard]] sd_bus_message* get() const noexcept { return message_; }
    [[nodiscard]] bool ok() const noexcept { return message_ != nullptr; }

    template <class... Args>
    Message& append(const char* types, Args... args)
    {
        return wrote(sd_bus_message_append(message_, types, args...));
    }
    Message& append_bytes(const std::vector<std::byte>& bytes);
    Message& open(char type, const char* contents);
    Message& close();

    template <class... Args>
    void read(const char* types, Args*... args)
    {
        require_read(sd_bus_message_read(message_, types, args...), types);
    }
    /// False at the end of the array that is being read.
    template <class... Args>
    [[nodiscard]] bool read_next(const char* types, Args*... args)
    {
        return require_read(sd_bus_message_read(message_, types, args...), types) > 0;
    }
    [[nodiscard]] std::string read_string();
    [[nodiscard]] bool read_bool();
    [[nodiscard]] std::vector<std::byte> read_bytes();
    /// A descriptor of one's own: the message keeps its copy.
    [[nodiscard]] UniqueFd read_fd();
    /// False if there is no further element of that kind.
    [[nodiscard]] bool enter(char type, const char* contents);
    void exit();
    /// The type of a variant that comes next, "" at the end.
    [[nodiscard]] std::string peek_variant();
    void skip(const char* types);

    /// An empty reply to this call.
    [[nodiscard]] Message new_reply() const;
    /// Sends a message that is complete: a reply or a signal. A receiver that is gone is no error.
    void send() const;

private:
    Message& wrote(int answer);
    static int require_read(int answer, const char* types);

    sd_bus_message* message_{};
};

/// One registration with a connection: an object, a match, a call under way. Gone with its owner.
class Slot
{
public:
    Slot() = default;
    explicit Slot(sd_bus_slot* taken) noexcept : slot_{taken} {}
    Slot(Slot&& other) noexcept : slot_{std::exchange(other.slot_, nullptr)} {}
    Slot& operator=(Slot&& other) noexcept
    {
        std::swap(slot_, other.slot_);
        return *this;
    }
    ~Slot() { sd_bus_slot_unref(slot_); }

private:
    sd_bus_slot* slot_{};
};

} // namespace aliasvm::bus
