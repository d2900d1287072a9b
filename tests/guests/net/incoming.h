// SPDX-License-Identifier: Apache-2.0
// The receiving side of the link: what is expected from each sender, and what is owed to it.
#pragma once

#include "frame.h"
#include "link.h"

void incoming_take(const struct frame* frame, struct link_counts* counts);

// One acknowledgement for each sender that has sent since the last; as far as there are slots.
void incoming_acknowledge(void);
