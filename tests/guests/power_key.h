// SPDX-License-Identifier: Apache-2.0
// The ZCU102's push button on MIO22, through the GPIO controller.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define POWER_KEY_INTID 48u // SPI 16

// Does nothing on a machine without the controller.
void power_key_enable(void);
void power_key_disable(void);

// Whether the interrupt now taken is the key's; ends its request.
bool power_key_pressed(void);
