/* SPDX-License-Identifier: MIT */

/*
 * Whichever allocation of the configuration's code fails: it says so, hands out
 * nothing, and leaks nothing (which the sanitizer sees).
 */

#include "lib/config-read.h"

#include <stdio.h>
#include <sys/stat.h>

#include "tests/test.h"
#include "tests/tree.h"

static const char good[] = "[daemon]\nLanguage=pt_BR\n[set a]\nSource=\"/s\"\nInclude=a b\nInclude=c\nPattern=%F*\n"
                           "TimeZone=UTC\nListing=/l\n[copy a/b]\nTo=/t\nKeepDaily=3\n";
static const char bad[] =
        "[set a]\nSource=/s\nFoo=1\n KeepFor=3d\nTimeZone=Berlin\n[copy b/c]\nMaxAge=1s\n[set b]\n"
        "[copy b/d]\nTo=/s\n[copy x/y]\nTo=/y\n[daemon]\n[daemon]\nLanguage=\xff\n[set c]\nSource=/s\n"
        "[copy c/z]\nTo=/z\nMaxAge=1s\nMaxAge=2s\nMaxAg=1s\nKeepFor=3d\nTrash=/\nTo=/\nSourc=/s\n";

struct Reading {
        char zones[128], local_time[128], path[128], dropins[128];
        bool has_dropins;
        int expected;
};

static int read_files(void *userdata) {
        const struct Reading *reading = userdata;
        const struct ConfigPlaces places = {.zones = reading->zones, .local_time = reading->local_time};
        _cleanup_(problems_done) struct Problems problems = {};
        _cleanup_(config_freep) struct Config *config = NULL;
        int r;

        r = config_read(reading->path, reading->has_dropins ? reading->dropins : NULL, &places, &problems, &config);
        if (!config != (r != 0) || (r >= 0 && r != reading->expected))
                abort(); /* no assertion of Check's, which allocates */
        return r;
}

START_TEST(of_files) {
        static const struct {
                const char *text;
                bool has_dropins;
                int expected;
        } cases[] = {
                {"", true, 0},
                {"", false, CONFIG_E_INVALID},
                {good, false, 0},
                {bad, false, CONFIG_E_INVALID},
        };
        struct Reading reading = {};
        struct Tree tree;

        tree_init(&tree);
        tree_file(&tree, "tzdata.zi", "Z Europe/Berlin x\n", 0);
        tree_file(&tree, "conf.d/1.conf", good, 0);
        tree_file(&tree, "conf.d/2.conf", "[set a]\n", 0);
        tree_file(&tree, "localtime", "rubbish", 0);
        ck_assert_int_eq(fchmodat(tree.fd, "conf.d", 0777, 0), 0);
        snprintf(reading.zones, sizeof(reading.zones), "%s", tree.path);
        snprintf(reading.local_time, sizeof(reading.local_time), "%s/nowhere", tree.path);
        snprintf(reading.path, sizeof(reading.path), "%s/main.conf", tree.path);
        snprintf(reading.dropins, sizeof(reading.dropins), "%s/conf.d", tree.path);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                tree_file(&tree, "main.conf", cases[i].text, 0);
                ck_assert_int_eq(fchmodat(tree.fd, "main.conf", i == 0 ? 0644 : 0666, 0), 0); /* and its warning */
                reading.has_dropins = cases[i].has_dropins;
                reading.expected = cases[i].expected;
                test_each_allocation_fails(read_files, &reading);
        }
        tree_done(&tree);
}
END_TEST

static int read_text(void *userdata) {
        _cleanup_(problems_done) struct Problems problems = {};
        _cleanup_(config_freep) struct Config *config = NULL;

        (void)userdata;
        return config_read_text("f", "x\0", 2, NULL, &problems, &config);
}

START_TEST(of_text) {
        test_each_allocation_fails(read_text, NULL);
}
END_TEST

static int format_line(void *problems) {
        _cleanup_(freep) char *line = NULL;

        return problems_format_line(problems, 0, &line);
}

START_TEST(of_a_problem) {
        struct Problems problems = {};

        ck_assert_int_eq(problems_add(&problems, PROBLEM_ERROR, "f", 1, "x"), 0);
        test_each_allocation_fails(format_line, &problems);
        problems_done(&problems);
}
END_TEST

int main(void) {
        return test_run("config-alloc", (const TTest *[]){of_files, of_text, of_a_problem, NULL});
}
