// SPDX-License-Identifier: Apache-2.0
// What an emulated access costs once KVM has come back with it.
#include "devices/emulated/cadence_uart.hpp"
#include "tests/unit/machine/space_bench.hpp"
#include "vmm/machine/exit.hpp"

#include <array>
#include <cstddef>
#include <memory>

#include <benchmark/benchmark.h>

namespace
{

using namespace aliasvm;

constexpr GuestAddr uart_window{0xff00'0000};
constexpr GuestAddr channel_status{0xff00'002c};
constexpr GuestAddr nothing{0xff5e'0000};
constexpr std::uint64_t cr = 0x00;
constexpr std::uint64_t mr = 0x04;
constexpr std::uint64_t sr = 0x2c;
constexpr std::uint64_t fifo = 0x30;

struct Register final : devices::MmioDevice
{
    std::uint64_t read(std::uint64_t, std::uint8_t) noexcept override { return value; }
    void write(std::uint64_t, std::uint8_t, std::uint64_t to) noexcept override { value = to; }
    std::uint64_t value{};
};

struct Wire final : devices::IrqLine, devices::UartSink
{
    void set(bool to) noexcept override { level = to; }
    void put(std::span<const std::byte> bytes) noexcept override { sent += bytes.size(); }
    void attention() noexcept override {}
    bool level{};
    std::size_t sent{};
};

/// As many windows as a machine with all its UARTs, CANs and timers emulated would have.
struct Bus
{
    Bus()
    {
        for (std::uint64_t i = 0; i < 12; ++i)
            bus.add({{uart_window.value + i * 0x1'0000}, 0x1000}, "device", device);
    }
    Register device;
    tests::SpaceBench around;
    machine::MmioBus& bus = around.bus;
};

void bus_read(benchmark::State& state, GuestAddr at)
{
    Bus machine;
    std::uint64_t value = 0;
    for (auto _ : state)
        benchmark::DoNotOptimize(machine.bus.read(at, 4, value));
}
BENCHMARK_CAPTURE(bus_read, hit, channel_status);
BENCHMARK_CAPTURE(bus_read, miss, nothing);

void exit_read(benchmark::State& state, GuestAddr at)
{
    Bus machine;
    fakes::FakeVcpu cpu{std::make_shared<fakes::VcpuModel>()};
    const machine::Exited exited{{0}, cpu, machine.around.space, machine.around.notices};
    std::array<std::byte, 8> answer{};
    for (auto _ : state)
        benchmark::DoNotOptimize(handle_exit(kvm::MmioRead{at, 4, answer.data()}, exited));
}
BENCHMARK_CAPTURE(exit_read, hit, channel_status);
BENCHMARK_CAPTURE(exit_read, miss, nothing);

void uart_status_read(benchmark::State& state)
{
    Wire wire;
    devices::CadenceUart uart{wire, wire};
    for (auto _ : state)
        benchmark::DoNotOptimize(uart.read(sr, 4));
}
BENCHMARK(uart_status_read);

/// One character in and out again, as a guest's interrupt handler would send it back.
void uart_echo(benchmark::State& state)
{
    Wire wire;
    devices::CadenceUart uart{wire, wire};
    uart.write(cr, 4, 0x14); // receiver and transmitter on
    uart.write(mr, 4, 0x20); // no parity
    const std::array character{std::byte{'a'}};
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(uart.receive(character));
        uart.write(fifo, 4, uart.read(fifo, 4));
    }
    if (wire.sent != static_cast<std::size_t>(state.iterations()))
        state.SkipWithError("characters were lost");
}
BENCHMARK(uart_echo);

} // namespace
