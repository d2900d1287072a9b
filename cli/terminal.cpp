// SPDX-License-Identifier: Apache-2.0
// The handlers restore the terminal themselves: tcsetattr is allowed in a handler (POSIX 2.4.3),
// and so nothing that the process waits for can keep the terminal raw.
#include "cli/terminal.hpp"

#include "common/base/error.hpp"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace aliasvm::cli
{

namespace
{

termios as_it_was{};
termios as_we_need_it{};

constexpr int endings[]{SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2,
                        SIGABRT, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,  SIGXCPU, SIGTSTP};

void set_handler(int signal_number, void (*handler)(int), int flags)
{
    struct sigaction action
    {
    };
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(signal_number, &action, nullptr);
}

/// SA_RESETHAND has put the default back, which raise() has happen once this returns.
void restore_and_go(int signal_number)
{
    const int saved = errno;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
    ::raise(signal_number);
    errno = saved;
}

void make_raw_again(int)
{
    const int saved = errno;
    set_handler(SIGTSTP, restore_and_go, SA_RESETHAND);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &as_we_need_it);
    errno = saved;
}

} // namespace

RawTerminal::RawTerminal()
{
    if (::isatty(STDIN_FILENO) != 1)
        return;
    if (::tcgetattr(STDIN_FILENO, &as_it_was) != 0)
        throw Error{errno, "ask for the state of the terminal"};
    as_we_need_it = as_it_was;
    ::cfmakeraw(&as_we_need_it);
    for (const int signal_number : endings)
        set_handler(signal_number, restore_and_go, static_cast<int>(SA_RESETHAND));
    set_handler(SIGCONT, make_raw_again, SA_RESTART);
    // Not what was typed ahead: TCSADRAIN, unlike TCSAFLUSH, keeps it.
    if (::tcsetattr(STDIN_FILENO, TCSADRAIN, &as_we_need_it) != 0)
        throw Error{errno, "make the terminal raw"};
    raw_ = true;
}

RawTerminal::~RawTerminal()
{
    if (!raw_)
        return;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &as_it_was);
    set_handler(SIGCONT, SIG_DFL, 0);
    for (const int signal_number : endings)
        set_handler(signal_number, SIG_DFL, 0);
}

} // namespace aliasvm::cli
