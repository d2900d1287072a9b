// SPDX-License-Identifier: Apache-2.0
// exec_clock MILLISECONDS PROGRAM [ARGUMENT]…: runs a program, and says when exactly it was started.
//
// Prints "exec: cntvct N raw N" when the program has ended or, after MILLISECONDS, was killed: printing is no part
// of what is measured. A guest reads the same counter, and the kernel's trace the same clock (CLOCK_MONOTONIC_RAW).
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void kill_child(int number)
{
    (void)number;
    kill(child, SIGKILL);
}

int main(int argc, char** argv)
{
    if (argc < 3)
    {
        fputs("exec_clock: how long, and which program?\n", stderr);
        return 2;
    }
    // With vfork the child writes to these as its own; the parent stands still until the exec.
    static volatile struct timespec raw;
    static volatile uint64_t counter;
    child = vfork();
    if (child == 0)
    {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC_RAW, &now);
        uint64_t ticks;
        __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
        raw = now;
        counter = ticks;
        execv(argv[2], argv + 2);
        _exit(127);
    }
    signal(SIGALRM, kill_child);
    const long limit = atol(argv[1]);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {limit / 1000, limit % 1000 * 1000}}, NULL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    {
    }
    printf("exec: cntvct %llu raw %lld\n", (unsigned long long)counter,
           (long long)raw.tv_sec * 1000000000 + raw.tv_nsec);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
