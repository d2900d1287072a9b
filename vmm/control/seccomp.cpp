// SPDX-License-Identifier: Apache-2.0
// The system calls of a VMM that runs, as a table.
#include "vmm/control/seccomp.hpp"

#include "common/base/error.hpp"

#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace aliasvm::control
{

namespace
{

/// Allowed whatever the arguments. Names that an architecture has not (poll on arm64) are left out
/// there.
///
/// No clone(), no clone3(): the vCPU threads are there before and wait to be let run (VcpuThread),
/// and the filter is put on all threads at once. Were they started afterwards they would inherit
/// it, but then who broke in could start more of them: seccomp cannot see into clone3()'s argument.
/// A thread that waits may not have come to its first line yet when it is confined; what the C
/// library does until then is among these.
constexpr const char* allowed[] = {
    // descriptors that are there: KVM, VFIO, eventfds, sockets, the log
    "ioctl",
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "lseek",
    "close",
    "fcntl",
    "fstat",
    "newfstatat",
    // sockets
    "connect",
    "accept",
    "accept4",
    "recvfrom",
    "recvmsg",
    "sendto",
    "sendmsg",
    "shutdown",
    "getsockname",
    "getpeername",
    "getsockopt",
    "setsockopt",
    // the loop
    "poll",
    "ppoll",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    // memory; mmap and mprotect are below
    "brk",
    "munmap",
    "mremap",
    "madvise",
    // time
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "nanosleep",
    "gettimeofday",
    "time",
    // threads and signals
    "futex",
    "set_robust_list",
    "rseq",
    "sched_yield",
    "sched_getaffinity",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "rt_sigtimedwait",
    "sigaltstack",
    "tgkill",
    "restart_syscall",
    "exit",
    "exit_group",
    // who we are, for D-Bus's greeting
    "getpid",
    "gettid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getrandom",
    // console sockets at the end
    "unlink",
    "unlinkat",
};

/// Allowed if one argument is as it says.
struct Conditional
{
    const char* name;
    unsigned argument;
    scmp_compare compare;
    scmp_datum_t mask_or_value;
    scmp_datum_t value; ///< for SCMP_CMP_MASKED_EQ
};

constexpr Conditional conditionals[] = {
    {"socket", 0, SCMP_CMP_EQ, AF_UNIX, 0},
    {"socketpair", 0, SCMP_CMP_EQ, AF_UNIX, 0},
    {"mmap", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
    {"mprotect", 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0},
    {"prctl", 0, SCMP_CMP_EQ, PR_SET_NAME, 0}, // a thread's name
};

void require(int answer, const char* act)
{
    if (answer < 0)
        throw Error{-answer, "confine the process: {}", act};
}

void allow(scmp_filter_ctx filter, const char* name, unsigned conditions,
           const scmp_arg_cmp* condition)
{
    // Negative for what there is only on other architectures.
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR)
        throw Error{EINVAL, "confine the process: no system call is called {}", name};
    if (number >= 0)
        require(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, conditions, condition),
                name);
}

} // namespace

void confine()
{
    // EPERM and not the end of the process: a call that this table forgets, with a C library that
    // we have not met, then costs what was to be done and not the guest. Who broke in has as little
    // of it either way, and the audit log tells of both.
    const std::unique_ptr<void, decltype(&seccomp_release)> filter{
        seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release};
    if (filter == nullptr)
        throw Error{ENOMEM, "confine the process"};
    require(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 1), "no new privileges");
    require(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1), "all threads");
    require(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_LOG, 1), "audit log");
    for (const char* const name : allowed)
        allow(filter.get(), name, 0, nullptr);
    for (const Conditional& rule : conditionals)
    {
        const scmp_arg_cmp condition{rule.argument, rule.compare, rule.mask_or_value, rule.value};
        allow(filter.get(), rule.name, 1, &condition);
    }
    require(seccomp_load(filter.get()), "load the filter (it needs CONFIG_SECCOMP_FILTER)");
}

} // namespace aliasvm::control
