// SPDX-License-Identifier: Apache-2.0
// MachineFace: org.aliasvm1.Machine of one VM.
#pragma once

#include "daemon/faces/face.hpp"

#include <memory>

namespace aliasvm::daemon
{

class MachineFace final : public Face
{
public:
    MachineFace(Context& context, std::shared_ptr<Machine> machine);

    void emit_state();

private:
    [[nodiscard]] boost::asio::awaitable<void> start(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> shutdown(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> power_off(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> reset(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> pause(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> resume(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> open_console(bus::Message call);
    [[nodiscard]] boost::asio::awaitable<void> dump_device_tree(bus::Message call);

    void name(bus::Message& value) const;
    void state(bus::Message& value) const;
    void result(bus::Message& value) const;
    void unit(bus::Message& value) const;
    void leader(bus::Message& value) const;
    void vcpus(bus::Message& value) const;
    void memory(bus::Message& value) const;
    void memory_banks(bus::Message& value) const;
    void aliases(bus::Message& value) const;
    void config_path(bus::Message& value) const;
    void statistics(bus::Message& value) const;

    static const sd_bus_vtable vtable[];

    std::shared_ptr<Machine> machine_;
};

} // namespace aliasvm::daemon
