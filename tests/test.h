/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What every test program shares: a main that runs the tests it is given, prints
 * TAP, and fails a test that leaves a descriptor open.
 */

#include "lib/base.h"
#include <check.h>
#include <errno.h>

/* int main(void) { return test_run("name", (const TTest *[]){first, second, NULL}); } */
int test_run(const char *suite, const TTest *const *tests);

/*
 * Runs f again and again: with its first allocation failing, with its second, until a run needs no more. A run in
 * which one failed must return a negative errno (checked), and may leak nothing (the sanitizers check).
 * f itself asserts nothing: Check allocates too.
 */
void test_each_allocation_fails(int (*f)(void *userdata), void *userdata);

/* Names an array's row in a failure: ck_assert_msg() with the row's label in front. */
#define assert_row(cond, label) ck_assert_msg(cond, "%s: %s", label, #cond)
