/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The system's time zones, for tests.
 */

#include "lib/calendar.h"

/* "Europe/Berlin", from /usr/share/zoneinfo; it must be there. The caller frees it. */
struct Zone *test_zone(const char *name);
