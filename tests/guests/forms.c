// SPDX-License-Identifier: Apache-2.0
// Performs each form of access at devices and in memory, and compares what came of it.

#include "forms.h"
#include "mmu.h"

#include "runtime.h"

#define GPIO_INT_POLARITY_0 0xff0a0220u // and INT_ANY_0 after it: UG1087, module GPIO
#define TTC0 0xff110000u
#define NOBODY 0xff5e0000u // CRL_APB: no guest is ever given it

enum
{
    MOST_BYTES = 64,
    DATA_BYTES = 8,
};

// Registers that hold what is written to them, in the bits that they have.
struct place
{
    const char* name;
    uintptr_t address;
    uint32_t bytes;
    uint32_t smallest; // store that leaves the rest of a word as it is
};

static const struct place uart = {"uart", UART_BASE + UART_RCVR_TRIGGER, 8, 4}; // and MODEM_CTRL
static const struct place gpio = {"gpio", GPIO_INT_POLARITY_0, 8, 4};
static const struct place gicd = {"gicd", GICD_BASE + GICD_IPRIORITYR + 64, MOST_BYTES, 1};
static const struct place empty = {"empty", TTC0, MOST_BYTES, 1};
static const struct place nobody = {"nobody", NOBODY, MOST_BYTES, 1};

static uint8_t memory[MOST_BYTES] __attribute__((aligned(64)));
static uint32_t mask[MOST_BYTES / 4]; // bits of the place's words that can be set

static void fill(const struct place* place, uint32_t seed)
{
    for (uint32_t at = 0; at < place->bytes; at += 4)
    {
        mmio_write32(place->address + at, seed * 0x9e3779b9u + at * 0x01234567u);
    }
}

// The same bytes as the place has.
static void copy(const struct place* place)
{
    for (uint32_t at = 0; at < place->bytes; at += 4)
    {
        *(volatile uint32_t*)(memory + at) = mmio_read32(place->address + at);
    }
}

static void find_mask(const struct place* place)
{
    for (uint32_t at = 0; at < place->bytes; at += 4)
    {
        mmio_write32(place->address + at, 0xffffffff);
        mask[at / 4] = mmio_read32(place->address + at);
        mmio_write32(place->address + at, 0);
        mask[at / 4] &= ~mmio_read32(place->address + at);
    }
}

static struct form_registers prepared(uintptr_t at, const struct form* form)
{
    struct form_registers registers;
    for (uint32_t n = 0; n < 5; ++n)
    {
        registers.x[n] = 0xa5a5f00d00000000u + n * 0x1111111122222221u;
    }
    for (uint32_t n = 0; n < 4; ++n)
    {
        registers.v[n][0] = 0x8091a2b3c4d5e6f7u + n * 0x1010101010101010u;
        registers.v[n][1] = 0x08192a3b4c5d6e7fu + n * 0x2020202020202020u;
    }
    registers.x[0] = at - form->before;
    registers.x[1] = 16;
    registers.unused = 0;
    return registers;
}

static bool same_registers(const struct form_registers* a, const struct form_registers* b,
                           uint64_t distance)
{
    bool same = a->x[0] - b->x[0] == distance;
    for (uint32_t n = 1; n < 5; ++n)
    {
        same &= a->x[n] == b->x[n];
    }
    for (uint32_t n = 0; n < 4; ++n)
    {
        same &= a->v[n][0] == b->v[n][0] && a->v[n][1] == b->v[n][1];
    }
    return same;
}

static bool same_contents(const struct place* place)
{
    bool same = true;
    for (uint32_t at = 0; at < place->bytes; at += 4)
    {
        const uint32_t expected = *(volatile uint32_t*)(memory + at);
        same &= (mmio_read32(place->address + at) & mask[at / 4]) == (expected & mask[at / 4]);
    }
    return same;
}

// True if it does at the place what it does in memory.
static bool behaves(const struct place* place, const struct form* form, uint32_t seed)
{
    fill(place, seed);
    copy(place);
    struct form_registers here = prepared((uintptr_t)memory, form);
    struct form_registers there = prepared(place->address, form);
    form_run(form->perform, &here);
    form_run(form->perform, &there);
    return same_registers(&there, &here, place->address - (uintptr_t)memory) &&
           same_contents(place);
}

static void try_all(const struct place* place, const char* mmu)
{
    uint64_t tried = 0;
    uint64_t differ = 0;
    find_mask(place);
    for (const struct form* form = forms; form != forms_end; ++form)
    {
        if (form->bytes > place->bytes || place->address % form->element != 0 ||
            (form->store && form->element < place->smallest))
        {
            continue;
        }
        ++tried;
        exceptions_skip_begin();
        const bool same = behaves(place, form, (uint32_t)tried);
        const uint64_t faults = exceptions_skip_end();
        if (!same || faults != 0)
        {
            ++differ;
            say("forms: DIFFERS %s mmu %s: %s, faults %lu\n", place->name, mmu, form->text, faults);
        }
    }
    say("forms: %s mmu %s tried %lu differ %lu\n", place->name, mmu, tried, differ);
}

// An access that is no plain memory: it has an effect, and is of one CPU.
static void send_to_itself(const char* mmu)
{
    const struct form* post = forms;
    while (post->store == 0 || post->element != 4 || post->before != 0)
    {
        ++post;
    }
    struct form_registers registers = prepared(GICD_BASE + GICD_SGIR, post);
    registers.x[2] = 2u << 24 | 5; // to the CPU itself, SGI 5
    form_run(post->perform, &registers);
    const bool pending = mmio_read32(GICD_BASE + GICD_ICPENDR) >> 5 & 1;
    mmio_write32(GICD_BASE + GICD_CPENDSGIR + 4, 0xff00);
    say("forms: sgi mmu %s %s\n", mmu, pending ? "pending" : "LOST");
}

static void try_places(const char* mmu)
{
    const uint32_t trigger = uart_read(UART_RCVR_TRIGGER);
    const uint32_t modem = uart_read(UART_MODEM_CTRL);
    try_all(&uart, mmu);
    uart_write(UART_RCVR_TRIGGER, trigger);
    uart_write(UART_MODEM_CTRL, modem);
    try_all(&gicd, mmu);
    send_to_itself(mmu);
    // The emulated board has no GPIO, and answers elsewhere with what stands there.
    if (psci_conduit_is_hvc())
    {
        try_all(&gpio, mmu);
        try_all(&empty, mmu);
        try_all(&nobody, mmu);
    }
}

void guest_main(void)
{
    write_sysreg(cpacr_el1, 3u << 20); // FPEN: SIMD&FP registers at EL1
    try_places("off");
    mmu_on(4);
    try_places("4K");
    mmu_off();
    mmu_on(64);
    try_places("64K");
    mmu_off();
    say("forms: end\n");
    machine_off();
}

void irq_taken(uint32_t intid)
{
    (void)intid;
}
