// SPDX-License-Identifier: Apache-2.0
// Members of C++ objects as handlers of a vtable.
#pragma once

#include "common/bus/error.hpp"
#include "common/bus/message.hpp"

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <systemd/sd-bus.h>

namespace aliasvm::bus
{

/// Handlers for sd_bus_add_object_vtable(3), where userdata is the object. What a member throws
/// becomes the error reply (reply_for_current_exception()), so nothing gets into C code.
///
///     SD_BUS_METHOD_WITH_ARGS("Ping", …, method<&Thing::ping>, SD_BUS_VTABLE_UNPRIVILEGED)

namespace detail
{
template <class>
struct Member;
template <class Result, class Class, class... Args>
struct Member<Result (Class::*)(Args...)>
{
    using Object = Class;
};
template <class Result, class Class, class... Args>
struct Member<Result (Class::*)(Args...) const>
{
    using Object = const Class;
};

/// Replies to a call that failed, or fails to, when nobody waits any more.
inline void reply_error(const Message& call) noexcept
{
    sd_bus_error error = SD_BUS_ERROR_NULL;
    reply_for_current_exception(&error);
    sd_bus_reply_method_error(call.get(), &error);
    sd_bus_error_free(&error);
}

template <class Object>
boost::asio::awaitable<void> run(std::shared_ptr<Object> object, Message call, auto member)
{
    try
    {
        co_await (object.get()->*member)(call);
    }
    catch (...)
    {
        reply_error(call);
    }
    object->rearm(); // the reply was sent outside of a handler
}
} // namespace detail

/// `void T::m(Message call)`: has replied when it returns.
template <auto member>
int method(sd_bus_message* call, void* object, sd_bus_error* error) noexcept
{
    using Object = typename detail::Member<decltype(member)>::Object;
    try
    {
        (static_cast<Object*>(object)->*member)(Message::share(call));
        return 1;
    }
    catch (...)
    {
        return reply_for_current_exception(error);
    }
}

/// `boost::asio::awaitable<void> T::m(Message call)`: has replied when it is done, however long
/// that takes. T has shared_from_this(), which keeps it, executor(), and rearm() for the
/// connection.
template <auto member>
int slow_method(sd_bus_message* call, void* object, sd_bus_error* error) noexcept
{
    using Object = typename detail::Member<decltype(member)>::Object;
    try
    {
        auto* const self = static_cast<Object*>(object);
        boost::asio::co_spawn(
            self->executor(),
            detail::run<Object>(std::static_pointer_cast<Object>(self->shared_from_this()),
                                Message::share(call), member),
            boost::asio::detached);
        return 1;
    }
    catch (...)
    {
        return reply_for_current_exception(error);
    }
}

/// `void T::m(Message& value) const`: appends the property's value.
template <auto member>
int property(sd_bus*, const char*, const char*, const char*, sd_bus_message* reply, void* object,
             sd_bus_error* error) noexcept
{
    using Object = typename detail::Member<decltype(member)>::Object;
    try
    {
        Message value = Message::share(reply);
        (static_cast<const Object*>(object)->*member)(value);
        return 1;
    }
    catch (...)
    {
        return reply_for_current_exception(error);
    }
}

} // namespace aliasvm::bus
