// SPDX-License-Identifier: Apache-2.0
// Going into a container of a message that must be there.
#pragma once

#include "common/bus/message.hpp"

namespace aliasvm::cli
{

/// Throws bus::BadMessage if the message ends before it.
inline void enter(bus::Message& message, char type, const char* contents)
{
    if (!message.enter(type, contents))
        throw bus::BadMessage{std::string{"the message ends where \""} + contents + "\" is due"};
}

/// Calls `read_one(message)` for each element of the array that comes next.
template <class ReadOne>
void each(bus::Message& message, char type, const char* contents, ReadOne read_one)
{
    const std::string array_of =
        type == 'e' ? '{' + std::string{contents} + '}' : '(' + std::string{contents} + ')';
    enter(message, 'a', array_of.c_str());
    while (message.enter(type, contents))
    {
        read_one(message);
        message.exit();
    }
    message.exit();
}

} // namespace aliasvm::cli
