// SPDX-License-Identifier: Apache-2.0
// Face: the common part of the objects on the bus.
#pragma once

#include "common/bus/connection.hpp"
#include "daemon/faces/authorization.hpp"

#include <initializer_list>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <systemd/sd-bus.h>

namespace aliasvm::daemon
{

/// An object with one interface at one path, on the bus from show() to its end. For methods see
/// common/bus/method.hpp. Main thread.
///
/// What more a face may touch is what its constructor takes, its struct Uses: const where it only
/// looks. All of that outlives the face.
class Face : public std::enable_shared_from_this<Face>
{
public:
    /// Where faces are shown, and who may use them.
    struct Bus
    {
        boost::asio::io_context& io;
        std::shared_ptr<bus::Connection> connection;
        const Authorization& authorization;
    };

    Face(Bus bus, std::string path, const char* interface);
    virtual ~Face();
    Face(const Face&) = delete;
    Face& operator=(const Face&) = delete;

    void hide();
    /// The properties have new values.
    void emit_changed(std::initializer_list<const char*> properties);

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    boost::asio::io_context& executor() { return bus_.io; }
    void rearm() { bus_.connection->rearm(); }

protected:
    /// Puts it on the bus; `object` is what the vtable's handlers get.
    void show(const sd_bus_vtable* vtable, void* object);
    [[nodiscard]] boost::asio::awaitable<void> allow(const bus::Message& call,
                                                     const char* action_id) const
    {
        return bus_.authorization.require(call, action_id);
    }

private:
    Bus bus_;
    std::string path_;
    const char* interface_;
    bus::Slot slot_;
    bool shown_{};
};

} // namespace aliasvm::daemon
