// SPDX-License-Identifier: Apache-2.0
// One stderr sink, formatted for who reads it.
#include "common/base/log.hpp"

#include <array>
#include <cstdlib>
#include <memory>

#include <spdlog/cfg/env.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace aliasvm
{

namespace
{

/// %* is the syslog priority of the message's level.
class Priority final : public spdlog::custom_flag_formatter
{
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override
    {
        constexpr std::array<char, spdlog::level::n_levels> by_level{'7', '7', '6', '4',
                                                                     '3', '2', '6'};
        out.push_back(by_level.at(static_cast<std::size_t>(message.level)));
    }

    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override
    {
        return std::make_unique<Priority>();
    }
};

} // namespace

void set_up_log(std::string_view program)
{
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    if (std::getenv("JOURNAL_STREAM") != nullptr)
        formatter->add_flag<Priority>('*').set_pattern("<%*>%v");
    else
        formatter->set_pattern(fmt::format("{}: %l: %v", program));
    sink->set_formatter(std::move(formatter));
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("aliasvm", std::move(sink)));
    spdlog::cfg::load_env_levels();
}

} // namespace aliasvm
