/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * System calls that fail when a test says so, through os_fault.
 */

#include "lib/base.h"
#include "lib/os.h"

/* From now on the nth call of this kind fails with that error, once. */
void test_fail_call(enum OsCall call, unsigned nth, int error);
/* All calls work again; whether one was made to fail. */
bool test_end_fault(void);
