/* SPDX-License-Identifier: MIT */
#include "tests/fault.h"

static enum OsCall fault_call;
static unsigned n_until_fault; /* 0: it was there */
static int fault_error;

static int fail_nth(enum OsCall call) {
        if (call != fault_call || n_until_fault == 0 || --n_until_fault > 0)
                return 0;
        return fault_error;
}

void test_fail_call(enum OsCall call, unsigned nth, int error) {
        fault_call = call;
        n_until_fault = nth;
        fault_error = error;
        os_fault = fail_nth;
}

bool test_end_fault(void) {
        os_fault = NULL;
        return n_until_fault == 0;
}
