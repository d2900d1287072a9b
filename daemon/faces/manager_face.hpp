// SPDX-License-Identifier: Apache-2.0
// ManagerFace: org.aliasvm1.Manager.
#pragma once

#include "daemon/faces/face.hpp"

namespace aliasvm::daemon
{

class ManagerFace final : public Face
{
public:
    explicit ManagerFace(Context& context);

private:
    void list_machines(bus::Message call);
    void list_devices(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> start_machine(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> stop_machine(bus::Message call);
    void check(bus::Message call);
    void warnings(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> await_rest(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> reload(bus::Message call);

    static const sd_bus_vtable vtable[];
};

} // namespace aliasvm::daemon
