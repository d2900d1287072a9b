// SPDX-License-Identifier: Apache-2.0
// FakeDaemon: org.aliasvm1 on a private bus, that does nothing but remember what it was asked.
#pragma once

#include "cli/model.hpp"
#include "common/base/problem.hpp"
#include "common/base/unique_fd.hpp"
#include "common/bus/message.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aliasvm::cli
{

/// left, right, con and broken, with a device each in most states that there are.
[[nodiscard]] Inventory sample_inventory();

class FakeDaemon
{
public:
    /// What is public may be changed until serve().
    explicit FakeDaemon(const std::string& bus_address);
    ~FakeDaemon();
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

    Inventory inventory = sample_inventory();
    Problems problems;                                                   ///< of Check
    Problems warnings;                                                   ///< of Warnings
    std::map<std::string, std::pair<std::string, std::string>> failures; ///< by member
    bool other_version{};      ///< Memory is a text, and ListMachines is all that Manager has
    std::uint64_t busy_step{}; ///< counters grow by this each time that they are looked at

    void serve();

    /// "Assign uart1 right uart0 persistent", in order.
    [[nodiscard]] std::vector<std::string> calls() const;
    /// Our end of what OpenConsole hands out.
    [[nodiscard]] const UniqueFd& console() const { return console_; }
    /// Closes it, as a VM that ends does.
    void close_console() { console_.reset(); }

private:
    struct Object; ///< one machine or device on the bus

    void run();
    void add_object(const std::string& path, const char* interface, const sd_bus_vtable* vtable,
                    Object object);
    /// Notes the call and fails if it shall.
    int note(sd_bus_message* call, const std::string& what, sd_bus_error* error);
    int handle_manager(sd_bus_message* call, sd_bus_error* error);
    int handle_machine(sd_bus_message* call, const Machine& machine, sd_bus_error* error);
    int handle_device(sd_bus_message* call, const Device& device, sd_bus_error* error);
    static int on_manager(sd_bus_message*, void*, sd_bus_error*);
    static int on_machine(sd_bus_message*, void*, sd_bus_error*);
    static int on_device(sd_bus_message*, void*, sd_bus_error*);
    static int on_property(sd_bus*, const char*, const char*, const char*, sd_bus_message*, void*,
                           sd_bus_error*);

    static const sd_bus_vtable manager_vtable[];
    static const sd_bus_vtable manager_of_other_version[];
    static const sd_bus_vtable machine_vtable[];
    static const sd_bus_vtable machine_of_other_version[];
    static const sd_bus_vtable device_vtable[];

    sd_bus* bus_{};
    std::vector<std::unique_ptr<Object>> objects_;
    mutable std::mutex mutex_;
    std::vector<std::string> calls_;
    UniqueFd console_;
    UniqueFd guest_console_;
    std::atomic<bool> stop_{};
    std::thread thread_;
};

} // namespace aliasvm::cli
