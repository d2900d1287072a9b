// SPDX-License-Identifier: Apache-2.0
// What a guest program gets from the runtime, and what it has to give.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cadence_uart.h"
#include "clock.h"
#include "cpu.h"
#include "exceptions.h"
#include "gic.h"
#include "mmio.h"
#include "psci.h"
#include "text.h"

// What start.S found; the order of the members is known there.
struct boot_record
{
    uint64_t dtb;    // x0 at the entry: address of the device tree or 0
    uint64_t cntpct; // CNTPCT_EL0 read by the first instruction
    uint64_t el;     // exception level at the entry, before the drop to EL1
};
extern struct boot_record boot;

// The program. IRQs are masked, the UART is up, the GIC untouched. Returning means WFI forever.
void guest_main(void);

// May be given: called before the guest has written to any device.
void guest_before_uart(void);

// A CPU started with CPU_ON arrives here on its own stack, IRQs masked.
void secondary_start(void);
void secondary_main(uint64_t index);

// Sends what is still in the transmitter, then PSCI SYSTEM_OFF or SYSTEM_RESET.
_Noreturn void machine_off(void);
_Noreturn void machine_reset(void);

_Noreturn void halt(void);
