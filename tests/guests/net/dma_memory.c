// SPDX-License-Identifier: Apache-2.0
// Areas from which is taken at the bottom, and never given back.

#include "dma_memory.h"

#include "fdt.h"
#include "runtime.h"

#define AREAS_MAX 32u

struct area
{
    uint64_t begin;
    uint64_t next; // begin of what is free
    uint64_t end;
};

extern char image_end[];

// What a bare machine gets, which has nobody to tell it about its RAM.
static uint8_t own[256 * 1024] __attribute__((aligned(4096)));

static struct area areas[AREAS_MAX];
static unsigned count;
static unsigned turn;

static void add(uint64_t base, uint64_t size)
{
    if (size != 0 && count < AREAS_MAX)
    {
        areas[count++] = (struct area){.begin = base, .next = base, .end = base + size};
    }
}

static void take_away(uint64_t base, uint64_t size)
{
    const uint64_t end = base + size;
    const unsigned had = count; // what is split off comes behind, and has no part of this range
    for (unsigned i = 0; i < had; ++i)
    {
        struct area* const area = &areas[i];
        if (end <= area->begin || base >= area->end)
        {
            continue;
        }
        if (end < area->end)
        {
            add(end, area->end - end);
        }
        area->end = base > area->begin ? base : area->begin;
    }
}

void dma_memory_init(uint64_t device_tree)
{
    count = 0;
    turn = 0;
    fdt_each_memory(device_tree, add);
    if (count == 0)
    {
        add((uint64_t)own, sizeof(own));
        return;
    }
    fdt_each_reserved(device_tree, take_away);
    take_away(device_tree, fdt_size(device_tree));
    take_away(0, (uint64_t)image_end);
}

static uint64_t take(struct area* area, uint64_t size, uint64_t alignment)
{
    const uint64_t at = (area->next + alignment - 1) & ~(alignment - 1);
    if (at == 0 || at > area->end || area->end - at < size)
    {
        return 0;
    }
    area->next = at + size;
    for (uint64_t i = 0; i < size; i += 4)
    {
        *(volatile uint32_t*)(at + i) = 0;
    }
    return at;
}

uint64_t dma_allocate(uint64_t size, uint64_t alignment)
{
    for (unsigned tried = 0; tried < count; ++tried)
    {
        const uint64_t at = take(&areas[turn++ % count], size, alignment);
        if (at != 0)
        {
            return at;
        }
    }
    return 0;
}

void dma_memory_say(const char* program)
{
    for (unsigned i = 0; i < count; ++i)
    {
        if (areas[i].begin < areas[i].end)
        {
            say("%s: dma 0x%lx 0x%lx\n", program, areas[i].begin, areas[i].end);
        }
    }
}
