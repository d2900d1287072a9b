// SPDX-License-Identifier: Apache-2.0
// Waiting is a timer that somebody cancels.
#include "daemon/async/turn.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace aliasvm::daemon
{

namespace asio = boost::asio;

namespace
{

asio::awaitable<void> expire(std::shared_ptr<asio::steady_timer> timer)
{
    boost::system::error_code cancelled;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

} // namespace

asio::awaitable<Turn::Held> Turn::take()
{
    const auto state = state_;
    if (std::exchange(state->taken, true))
    {
        auto timer = std::make_shared<asio::steady_timer>(
            state->io, std::chrono::steady_clock::time_point::max());
        state->waiting.push_back(timer);
        co_await expire(timer); // whoever ends its turn leaves `taken` as it is
    }
    co_return Held{state};
}

Turn::Held::~Held()
{
    if (!state_)
        return;
    if (state_->waiting.empty())
    {
        state_->taken = false;
        return;
    }
    state_->waiting.front()->cancel();
    state_->waiting.pop_front();
}

void Condition::notify_all()
{
    for (const auto& waiting : std::exchange(waiting_, {}))
    {
        if (const auto timer = waiting.lock())
            timer->cancel();
    }
}

asio::awaitable<void> Condition::wait(std::chrono::steady_clock::time_point deadline)
{
    auto timer = std::make_shared<asio::steady_timer>(io_, deadline);
    waiting_.push_back(timer);
    co_await expire(std::move(timer));
}

asio::awaitable<void> pause_for(std::chrono::milliseconds time)
{
    auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, time);
    co_await expire(std::move(timer));
}

} // namespace aliasvm::daemon
