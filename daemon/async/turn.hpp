// SPDX-License-Identifier: Apache-2.0
// Turn and Condition: what coroutines of one thread wait for.
#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace aliasvm::daemon
{

/// One at a time, in the order of asking. What instances go through is done in turns, so that no
/// two changes of ownership see each other half-way.
class Turn
{
    struct State
    {
        explicit State(boost::asio::io_context& loop) : io{loop} {}

        boost::asio::io_context& io;
        bool taken{};
        std::deque<std::shared_ptr<boost::asio::steady_timer>> waiting;
    };

public:
    /// Ends the turn when it goes.
    class Held
    {
    public:
        explicit Held(std::shared_ptr<State> state) : state_{std::move(state)} {}
        Held(Held&&) = default;
        Held& operator=(Held&&) = delete;
        ~Held();

    private:
        std::shared_ptr<State> state_;
    };

    explicit Turn(boost::asio::io_context& io) : state_{std::make_shared<State>(io)} {}

    [[nodiscard]] boost::asio::awaitable<Held> take();

private:
    std::shared_ptr<State> state_; ///< shared: a turn may end after everything else
};

/// Wakes whoever waits for a change, as a condition variable does for threads.
class Condition
{
public:
    explicit Condition(boost::asio::io_context& io) : io_{io} {}

    void notify_all();

    /// Whether `holds` became true in time.
    template <class Predicate>
    [[nodiscard]] boost::asio::awaitable<bool> until(Predicate holds,
                                                     std::chrono::milliseconds at_most)
    {
        const auto deadline = std::chrono::steady_clock::now() + at_most;
        while (!holds())
        {
            if (std::chrono::steady_clock::now() >= deadline)
                co_return false;
            co_await wait(deadline);
        }
        co_return true;
    }

private:
    boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point deadline);

    boost::asio::io_context& io_;
    std::list<std::weak_ptr<boost::asio::steady_timer>> waiting_;
};

/// Does nothing for a while.
[[nodiscard]] boost::asio::awaitable<void> pause_for(std::chrono::milliseconds time);

} // namespace aliasvm::daemon
