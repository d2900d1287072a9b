// SPDX-License-Identifier: Apache-2.0
// The lines that net.elf obeys; tests/guests/README.md has the list.
#pragma once

void command(const char* line);
