/* SPDX-License-Identifier: MIT */
#include "tests/test.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/*
 * The linker leads every allocation of the code under test to __wrap_…() (see tests/meson.build); the one whose
 * number is reached fails.
 */
static unsigned n_until_failure;

static bool allocation_fails(void) {
        if (n_until_failure > 0 && --n_until_failure == 0) {
                errno = ENOMEM;
                return true;
        }
        return false;
}

#define WRAP(type, name, parameters, arguments)                                                                        \
        type __real_##name parameters __attribute__((weak));                                                           \
        type __wrap_##name parameters;                                                                                 \
        type __wrap_##name parameters {                                                                                \
                return allocation_fails() ? NULL : __real_##name arguments;                                            \
        }

WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, calloc, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))

int __wrap_vasprintf(char **ret, const char *format, va_list args) _printf_(2, 0);
int __real_vasprintf(char **ret, const char *format, va_list args) _printf_(2, 0) __attribute__((weak));
int __wrap_vasprintf(char **ret, const char *format, va_list args) {
        return allocation_fails() ? -1 : __real_vasprintf(ret, format, args);
}

int __wrap_asprintf(char **ret, const char *format, ...) _printf_(2, 3);
int __wrap_asprintf(char **ret, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = __wrap_vasprintf(ret, format, args);
        va_end(args);
        return r;
}

void test_each_allocation_fails(int (*f)(void *userdata), void *userdata) {
        for (unsigned n = 1;; n++) {
                bool failed;
                int r;

                n_until_failure = n;
                r = f(userdata);
                failed = n_until_failure == 0;
                n_until_failure = 0;
                if (!failed) {
                        ck_assert_int_ge(r, 0);
                        return;
                }
                ck_assert_msg(r < 0, "allocation %u failed, and the answer was %d", n, r);
        }
}

static unsigned n_open_before;

static unsigned count_descriptors(void) {
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        ck_assert_ptr_nonnull(dir);
        while (readdir(dir))
                n++;
        closedir(dir);
        return n;
}

static void before(void) {
        n_open_before = count_descriptors();
}

static void after(void) {
        unsigned n = count_descriptors();

        ck_assert_msg(n == n_open_before, "%u descriptors were open before the test, %u after it", n_open_before, n);
}

int test_run(const char *name, const TTest *const *tests) {
        Suite *suite = suite_create(name);
        TCase *tcase = tcase_create(name);
        SRunner *runner;
        int n_failed;

        /* No time limit: under valgrind on a busy machine every limit is wrong; the harness has one. */
        tcase_set_timeout(tcase, 0);
        tcase_add_checked_fixture(tcase, before, after);
        for (; *tests; tests++)
                tcase_add_test(tcase, *tests);
        suite_add_tcase(suite, tcase);

        runner = srunner_create(suite);
        /* In one process, so that sanitizers, valgrind and coverage see everything, exit included. */
        srunner_set_fork_status(runner, CK_NOFORK);
        srunner_set_tap(runner, "-");
        srunner_run_all(runner, CK_SILENT);
        n_failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
