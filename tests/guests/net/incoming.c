// SPDX-License-Identifier: Apache-2.0
// Takes data frames in order only; a sender that goes back repeats what was passed over.

#include "incoming.h"

#include "driver.h"

#define STREAMS 4u // as many as there are GEMs

struct stream
{
    uint8_t from[6];
    bool used;
    bool owed;
    uint32_t session;
    uint32_t expected;
    bool gap; // it was seen that `expected` is missing
};

static struct stream streams[STREAMS];
static unsigned oldest;

static struct stream* stream_of(const struct frame* frame)
{
    struct stream* found = 0;
    for (unsigned i = 0; i < STREAMS && !found; ++i)
    {
        if (streams[i].used && mac_equal(streams[i].from, frame->from))
        {
            found = &streams[i];
        }
    }
    if (found && found->session == frame->session)
    {
        return found;
    }
    if (!found)
    {
        found = &streams[oldest++ % STREAMS];
        mac_copy(found->from, frame->from);
        found->used = true;
    }
    // A new program there, or here: it begins with what it wants to have acknowledged.
    found->session = frame->session;
    found->expected = frame->base;
    found->gap = false;
    return found;
}

void incoming_take(const struct frame* frame, struct link_counts* counts)
{
    struct stream* const stream = stream_of(frame);
    stream->owed = true;
    const uint32_t ahead = frame->sequence - stream->expected;
    if (ahead == 0)
    {
        ++stream->expected;
        stream->gap = false;
        ++counts->received;
        counts->received_bytes += frame->length;
    }
    else if (ahead < 1u << 31)
    {
        // A gap counts once: what comes behind it is thrown away and comes again.
        counts->lost += stream->gap ? 0 : ahead;
        stream->gap = true;
    }
    else
    {
        ++counts->twice;
    }
}

void incoming_acknowledge(void)
{
    for (unsigned i = 0; i < STREAMS; ++i)
    {
        struct stream* const stream = &streams[i];
        const struct frame_words words = {
            .kind = FRAME_ACK, .session = stream->session, .sequence = stream->expected};
        if (stream->owed && driver_send(stream->from, &words, FRAME_LENGTH_MIN))
        {
            stream->owed = false;
        }
    }
}
