// SPDX-License-Identifier: Apache-2.0
// Descriptors of four words (UG1085, "GEM Ethernet", tables of the 64-bit buffer descriptors).

#include "rings.h"

#include "cpu.h"
#include "dma_memory.h"

struct descriptor
{
    uint32_t low;     // address; receive: the two flags below as well
    uint32_t control; // receive: what came; transmit: what to do and what was done
    uint32_t high;    // address
    uint32_t unused;
};

enum
{
    // receive, in `low`
    RX_USED = 1u << 0, // filled, software's
    RX_WRAP = 1u << 1,
    // receive, in `control`
    RX_LENGTH = 0x1fff,

    // transmit, in `control`
    TX_LENGTH = 0x3fff,
    TX_LAST = 1u << 15,
    TX_WRAP = 1u << 30,
};
#define TX_USED (1u << 31) // sent, software's; no enumerator, which would be an int

// One page: so everything is in the same 4 GiB.
struct rings
{
    volatile struct descriptor receive[RINGS_RECEIVE_SLOTS];
    volatile struct descriptor transmit[RINGS_TRANSMIT_SLOTS];
    volatile struct descriptor stopped_receive;
    volatile struct descriptor stopped_transmit;
};
_Static_assert(sizeof(struct rings) <= 4096, "the rings are one page");

static struct rings* rings;
static struct gem_queues queues;
static uint64_t receive_slots[RINGS_RECEIVE_SLOTS];
static uint64_t transmit_slots[RINGS_TRANSMIT_SLOTS];
static uint64_t
    received;         // frames given back since the reset; the next is in slot `received` % size
static uint64_t sent; // frames handed over
static uint64_t reclaimed; // frames known to be out

static bool allocate_slots(uint64_t* slots, uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i)
    {
        slots[i] = dma_allocate(RINGS_SLOT_SIZE, 64);
        if (slots[i] == 0)
        {
            return false;
        }
    }
    return true;
}

bool rings_allocate(void)
{
    rings = (struct rings*)dma_allocate(sizeof(struct rings), 4096);
    if (rings == 0 || !allocate_slots(receive_slots, RINGS_RECEIVE_SLOTS) ||
        !allocate_slots(transmit_slots, RINGS_TRANSMIT_SLOTS))
    {
        return false;
    }
    queues = (struct gem_queues){.receive = (uint64_t)rings->receive,
                                 .transmit = (uint64_t)rings->transmit,
                                 .stopped_receive = (uint64_t)&rings->stopped_receive,
                                 .stopped_transmit = (uint64_t)&rings->stopped_transmit};
    return true;
}

void rings_reset(void)
{
    for (unsigned i = 0; i < RINGS_RECEIVE_SLOTS; ++i)
    {
        rings->receive[i].control = 0;
        rings->receive[i].high = (uint32_t)(receive_slots[i] >> 32);
        rings->receive[i].low =
            (uint32_t)receive_slots[i] | (i == RINGS_RECEIVE_SLOTS - 1 ? RX_WRAP : 0);
    }
    for (unsigned i = 0; i < RINGS_TRANSMIT_SLOTS; ++i)
    {
        rings->transmit[i].low = (uint32_t)transmit_slots[i] + RINGS_FRAME_OFFSET;
        rings->transmit[i].high = (uint32_t)(transmit_slots[i] >> 32);
        rings->transmit[i].control = TX_USED | (i == RINGS_TRANSMIT_SLOTS - 1 ? TX_WRAP : 0);
    }
    // Software's for ever: the controller stops there.
    rings->stopped_receive.low = RX_USED | RX_WRAP;
    rings->stopped_transmit.control = TX_USED | TX_WRAP;
    received = 0;
    sent = 0;
    reclaimed = 0;
}

const struct gem_queues* rings_queues(void)
{
    return &queues;
}

void* rings_received(uint32_t* length)
{
    const unsigned i = received % RINGS_RECEIVE_SLOTS;
    if (!(rings->receive[i].low & RX_USED))
    {
        return 0;
    }
    barrier(); // the flag is read before what it stands for
    *length = rings->receive[i].control & RX_LENGTH;
    return (void*)receive_slots[i];
}

void rings_give_back(void)
{
    const unsigned i = received++ % RINGS_RECEIVE_SLOTS;
    rings->receive[i].control = 0;
    barrier(); // all reads of the frame are done before another may come into its place
    rings->receive[i].low &= ~(uint32_t)RX_USED;
}

void* rings_free_slot(void)
{
    return sent - reclaimed < RINGS_TRANSMIT_SLOTS
               ? (void*)transmit_slots[sent % RINGS_TRANSMIT_SLOTS]
               : 0;
}

void rings_send(uint32_t length)
{
    const unsigned i = sent++ % RINGS_TRANSMIT_SLOTS;
    barrier(); // the frame is in memory before the controller may take it
    rings->transmit[i].control =
        (length & TX_LENGTH) | TX_LAST | (i == RINGS_TRANSMIT_SLOTS - 1 ? (uint32_t)TX_WRAP : 0);
}

bool rings_reclaim(void)
{
    const uint64_t had = reclaimed;
    while (rings_in_flight() &&
           (rings->transmit[reclaimed % RINGS_TRANSMIT_SLOTS].control & TX_USED))
    {
        ++reclaimed;
    }
    return reclaimed != had;
}

bool rings_in_flight(void)
{
    return reclaimed != sent;
}

bool rings_out_of_step(void)
{
    // The others first: a frame that comes in meanwhile goes into the next slot before theirs.
    bool beyond = false;
    for (uint64_t i = 1; i < RINGS_RECEIVE_SLOTS; ++i)
    {
        beyond |= rings->receive[(received + i) % RINGS_RECEIVE_SLOTS].low & RX_USED;
    }
    barrier();
    return beyond && !(rings->receive[received % RINGS_RECEIVE_SLOTS].low & RX_USED);
}
