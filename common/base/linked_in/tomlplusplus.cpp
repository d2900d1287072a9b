// SPDX-License-Identifier: Apache-2.0
// What libtomlplusplus has.
#define TOML_IMPLEMENTATION
#include <toml++/toml.h>
