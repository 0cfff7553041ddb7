/* SPDX-License-Identifier: MIT */

/*
 * Whichever allocation of the configuration's code fails: it says so, hands out
 * nothing, and leaks nothing (which the sanitizer sees). The sources are included
 * here, so that their allocations can be made to fail and nobody else's.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base.h"
#include "lib/os.h"
#include "tests/test.h"

/* How many more allocations succeed before one fails. */
static unsigned n_left;

static bool fails(void) {
        return n_left-- == 0;
}

static void *test_malloc(size_t n) {
        return fails() ? NULL : malloc(n);
}

static void *test_calloc(size_t n, size_t size) {
        return fails() ? NULL : calloc(n, size);
}

static void *test_reallocarray(void *p, size_t n, size_t size) {
        return fails() ? NULL : reallocarray(p, n, size);
}

static char *test_strdup(const char *s) {
        return fails() ? NULL : strdup(s);
}

static char *test_strndup(const char *s, size_t n) {
        return fails() ? NULL : strndup(s, n);
}

static _printf_(2, 3) int test_asprintf(char **ret, const char *format, ...) {
        va_list ap;
        int r;

        if (fails())
                return -1;
        va_start(ap, format);
        r = vasprintf(ret, format, ap);
        va_end(ap);
        return r;
}

#undef strdup
#undef strndup
#define malloc test_malloc
#define calloc test_calloc
#define reallocarray test_reallocarray
#define strdup test_strdup
#define strndup test_strndup
#define asprintf test_asprintf

/* What more than one of them calls the same. */
#define blank header_blank
#define refuse header_refuse
#include "lib/config-header.c"
#undef blank
#undef refuse
#define is_blank value_is_blank
#include "lib/config-value.c"
#undef is_blank
#define report check_report
#include "lib/config-check.c"
#undef report
#define report zone_report
#include "lib/config-zone.c"
#undef report
#include "lib/config-ini.c"
#include "lib/config-keys.c"
#include "lib/config-read.c"
#include "lib/config.c"
#include "lib/problem.c"
#include "lib/suggest.c"

#include "lib/config-build.c"

#undef malloc
#undef calloc
#undef reallocarray
#undef strdup
#undef strndup
#undef asprintf

static const char good[] = "[daemon]\nLanguage=pt_BR\n[set a]\nSource=\"/s\"\nInclude=a b\nInclude=c\nPattern=%F*\n"
                           "TimeZone=UTC\nListing=/l\n[copy a/b]\nTo=/t\nKeepDaily=3\n";
static const char bad[] =
        "[set a]\nSource=/s\nFoo=1\n KeepFor=3d\nTimeZone=Berlin\n[copy b/c]\nMaxAge=1s\n[set b]\n"
        "[copy b/d]\nTo=/s\n[copy x/y]\nTo=/y\n[daemon]\n[daemon]\nLanguage=\xff\n[set c]\nSource=/s\n"
        "[copy c/z]\nTo=/z\nMaxAge=1s\nMaxAge=2s\nMaxAg=1s\nKeepFor=3d\nTrash=/\nTo=/\nSourc=/s\n";

static char root[] = "/tmp/test-config-alloc-XXXXXX";
static char zones[64], conf[64], dropins[64], nowhere[64];

static void write_file(const char *name, const char *text) {
        char path[128];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", root, name);
        file = fopen(path, "we");
        ck_assert_ptr_nonnull(file);
        ck_assert_int_ge(fputs(text, file), 0);
        ck_assert_int_eq(fclose(file), 0);
}

static void make_tree(void) {
        ck_assert_ptr_nonnull(mkdtemp(root));
        snprintf(zones, sizeof(zones), "%s", root);
        snprintf(conf, sizeof(conf), "%s/main.conf", root);
        snprintf(dropins, sizeof(dropins), "%s/conf.d", root);
        snprintf(nowhere, sizeof(nowhere), "%s/nowhere", root);
        ck_assert_int_eq(mkdir(dropins, 0777), 0);
        ck_assert_int_eq(chmod(dropins, 0777), 0);
        write_file("tzdata.zi", "Z Europe/Berlin x\n");
        write_file("conf.d/1.conf", good);
        write_file("conf.d/2.conf", "[set a]\n");
        write_file("localtime", "rubbish");
}

/* Fails the first allocation, then the second, until none is left to fail; returns how many there were. */
static unsigned try_all(const char *main_text, const char *dropin_directory, int expected) {
        const struct ConfigPlaces places = {.zones = zones, .local_time = nowhere};
        bool is_over = false;
        unsigned n = 0;

        write_file("main.conf", main_text);
        for (; !is_over; n++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                struct Problems problems = {};
                int r;

                n_left = n;
                r = config_read(conf, dropin_directory, &places, &problems, &config);
                /* Wrapped around beyond zero, it has failed one. */
                is_over = n_left <= n;
                ck_assert_int_eq(r, is_over ? expected : -ENOMEM);
                ck_assert(!config == (r != 0));
                problems_done(&problems);
        }
        return n;
}

START_TEST(test_files) {
        char command[128];

        make_tree();
        ck_assert_uint_gt(try_all("", dropins, 0), 100);
        ck_assert_uint_gt(try_all("", NULL, CONFIG_E_INVALID), 10);
        ck_assert_int_eq(chmod(conf, 0666), 0);
        ck_assert_uint_gt(try_all(good, NULL, 0), 100);
        ck_assert_uint_gt(try_all(bad, NULL, CONFIG_E_INVALID), 200);
        snprintf(command, sizeof(command), "rm -rf %s", root);
        ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(test_text) {
        bool is_over = false;

        for (unsigned n = 0; !is_over; n++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                struct Problems problems = {};
                int r;

                n_left = n;
                r = config_read_text("f", "x\0", 2, NULL, &problems, &config);
                is_over = n_left <= n;
                ck_assert_int_eq(r, is_over ? CONFIG_E_INVALID : -ENOMEM);
                ck_assert_ptr_null(config);
                problems_done(&problems);
        }
}
END_TEST

START_TEST(test_format) {
        _cleanup_(freep) char *line = NULL;
        struct Problems problems = {};

        n_left = UINT_MAX;
        ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, "f", 1, "x"), 0);
        n_left = 0;
        ck_assert_int_eq(problems_format_line(&problems, 0, &line), -ENOMEM);
        ck_assert_ptr_null(line);
        problems_done(&problems);
}
END_TEST

int main(void) {
        return test_run("config-alloc", (const TTest *[]){test_files, test_text, test_format, NULL});
}
