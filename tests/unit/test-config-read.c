/* SPDX-License-Identifier: MIT */

/* The configuration from files: libinih's traps, drop-ins, damaged files, time zones, and calls that fail. */

#include "lib/config-ini.h"
#include "lib/config-read.h"
#include "lib/os.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* A zone file of version 2 that knows one type: UTC. */
static const char tzif[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                           "\0\0\0\0\0\0UTC\0"
                           "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                           "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
                           "\0\0\0\0\0\0UTC\0"
                           "\nUTC0\n";

/* The tree that a test reads from, made anew for each. */
static char root[] = "/tmp/test-config-read-XXXXXX";
static char path_buf[8][256];
static struct ConfigPlaces places;

/* A path below the tree; the last eight stay valid. */
static const char *below(const char *name) {
        static unsigned next;
        char *buf = path_buf[next++ % ELEMENTSOF(path_buf)];

        snprintf(buf, sizeof(path_buf[0]), "%s/%s", root, name);
        return buf;
}

static void write_bytes(const char *name, const void *data, size_t n) {
        int fd = open(below(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(write(fd, data, n), (ssize_t)n);
        close(fd);
}

static void write_text(const char *name, const char *text) {
        write_bytes(name, text, strlen(text));
}

static void make_tree(void) {
        strcpy(root + strlen(root) - 6, "XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(root));
        ck_assert_int_eq(mkdir(below("zones"), 0755), 0);
        ck_assert_int_eq(mkdir(below("zones/Europe"), 0755), 0);
        ck_assert_int_eq(mkdir(below("conf.d"), 0755), 0);
        write_bytes("zones/Europe/Berlin", tzif, sizeof(tzif) - 1);
        write_text("zones/tzdata.zi", "# version 1\nR e 1981 o - Mar lastSu 1u 1 S\nZ\nL x\nZ Europe/Berlin 0:53:28 - "
                                      "LMT 1893 Ap\n1 c CE%sT 1945\nL Europe/Berlin Europe/Copenhagen\n"
                                      "Z Asia/Tokyo 9:18:59 - LMT 1887\n");
        places = (struct ConfigPlaces){.zones = below("zones"), .local_time = below("localtime")};
        /* These two have to outlast what below() holds. */
        places.zones = strdup(places.zones);
        places.local_time = strdup(places.local_time);
}

static void remove_tree(void) {
        char command[300];

        snprintf(command, sizeof(command), "rm -rf %s", root);
        ck_assert_int_eq(system(command), 0);
        free((char *)places.zones);
        free((char *)places.local_time);
}

/* All lines of the problems, with what stands for the tree taken out. */
static char *join(const struct Problems *problems) {
        char *all = strdup("");

        for (size_t i = 0; i < problems_n_lines(problems); i++) {
                _cleanup_(freep) char *line = NULL;
                char *longer, *at;

                ck_assert_int_eq(problems_format_line(problems, i, &line), 0);
                while ((at = strstr(line, root)))
                        memmove(at, at + strlen(root) + 1, strlen(at + strlen(root) + 1) + 1);
                ck_assert_int_ge(asprintf(&longer, "%s%s\n", all, line), 0);
                free(all);
                all = longer;
        }
        return all;
}

/* Each of the expected begins a line of its own, and there are no more lines; none: it is accepted. */
static void assert_lines(const char *all, const char *const *expected, size_t n_max, const char *label) {
        const char *line = all;

        for (size_t i = 0; i < n_max && expected[i]; i++) {
                ck_assert_msg(strncmp(line, expected[i], strlen(expected[i])) == 0,
                              "%s:\n  is       %s\n  should be %s", label, line, expected[i]);
                line = strchr(line, '\n') + 1;
        }
        ck_assert_msg(*line == '\0', "%s: not expected: %s", label, line);
}

#define TEXT(s) (s), sizeof(s) - 1
#define SET "[set a]\nSource=/s\n"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X49 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

START_TEST(test_text) {
        static const struct {
                const char *text;
                size_t n;
                const char *expected[4];
        } rows[] = {
                {TEXT(SET), {}},
                {TEXT(""), {"f: error: no [set …] section: nothing to do"}},
                {TEXT("\xef\xbb\xbf"), {"f: error: no [set …] section: nothing to do"}},
                {TEXT("\xef\xbb\xbf" SET), {}},
                {TEXT("[set a]\r\nSource=/s\r\n\r\n# x\r\nKeepFor=3d\r\n"), {}},
                {TEXT("[set a]\nSource=/s"), {}},
                {TEXT("[set a]\r\nSource=/s\r"), {}},
                {TEXT("\n \t \n# c\n; c\n  # c\n\t; c = d\n#[x\n" SET), {}},
                {TEXT("[ set  a ] \t\nSource = /s \t\nKeepFor\t=\t3d\n"), {}},
                /* A section without keys, which libinih would not report. */
                {TEXT("[set a]"), {"f:1: error: [set a] has no Source="}},
                {TEXT("[foo]\n" SET), {"f:1: error: unknown section [foo]"}},
                {TEXT("KeepFor=3d\n" SET), {"f:1: error: KeepFor= stands before any section"}},
                {TEXT("[]\n" SET), {"f:1: error: unknown section []; there are"}},

                /* 197 characters are a line, 198 are two. */
                {TEXT(SET "Exclude=" X50 X50 X50 X10 X10 X10 "xxxxxxxxx\n"), {}},
                {TEXT(SET "Exclude=" X50 X50 X50 X10 X10 X10 "xxxxxxxxx"), {}},
                {TEXT(SET "Exclude=" X50 X50 X50 X10 X10 X10 "xxxxxxxxx\r\nKeepFor=3\n"), {"f:4: error: KeepFor=3: "}},
                {TEXT(SET "Exclude=" X50 X50 X50 X10 X10 X10 X10 "\nKeepFor=3\n"),
                 {"f:3: error: the line is longer than the 197 characters that libinih reads; give a list over several "
                  "lines",
                  "f:4: error: KeepFor=3: "}},
                {TEXT("#" X50 X50 X50 X50 "KeepFor=3\n" SET), {}},
                {TEXT("  ; " X50 X50 X50 X50 X50 X50 X50 X50 X50 X50 "\n" SET), {}},

                /* 49 characters between the brackets. */
                {TEXT(SET "[copy a/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\nTo=/t"), {}},
                {TEXT(SET "[copy a/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\nTo=/t\nFoo=1"),
                 {"f:3: error: between [ and ] libinih keeps 49 characters only; choose shorter names"}},

                {TEXT(SET "KeepFor=3d # three\n"),
                 {"f:3: error: a comment after a value would become part of it; "
                  "comments stand on lines of their own"}},
                {TEXT(SET "KeepFor=3d\t#three\n"), {"f:3: error: a comment after a value"}},
                {TEXT(SET "KeepFor= # three\n"), {"f:3: error: a comment after a value"}},
                {TEXT(SET "KeepFor=# three\n"), {"f:3: error: a comment after a value"}},
                {TEXT(SET "KeepFor=#\n"), {"f:3: error: a comment after a value"}},
                {TEXT(SET "Exclude=\"a\" # b\n"), {"f:3: error: a comment after a value"}},
                {TEXT(SET "Exclude=\"a \\\" # b\"\nExclude='a # b' \"\\\\\"\nExclude=#*# a#b a;b ;c\n"),
                 {"f:5: error: \" ;\" would end the value, even inside quotes"}},
                {TEXT(SET "Exclude=#*# a#b a;b \"#c\"\nInclude=;x\n"), {}},
                {TEXT(SET "KeepFor=3d ; three\n"), {"f:3: error: \" ;\" would end the value, even inside quotes"}},
                {TEXT(SET "KeepFor=3d\t;three\n"), {"f:3: error: \" ;\" would end the value"}},
                {TEXT(SET "KeepFor=; three\n"), {"f:3: error: \" ;\" would end the value"}},
                {TEXT(SET "KeepFor=;\n"), {"f:3: error: \" ;\" would end the value"}},
                {TEXT(SET "Exclude=\"a ;b\"\n"), {"f:3: error: \" ;\" would end the value"}},
                {TEXT(SET "KeepFor ;x=3d\n"), {"f:3: error: a ; cannot be in a key"}},
                {TEXT("[set a ;b]\n"), {"f:1: error: a ; cannot be in the name of a section"}},

                {TEXT(SET " KeepFor=3d\n"), {"f:3: error: an indented line, which would be read as a part of the key"}},
                {TEXT(SET "\t*.gz\n"), {"f:3: error: an indented line"}},
                {TEXT("[daemon]\n  " SET), {"f:2: error: an indented line"}},
                {TEXT("[set a\nSource=/s\n"), {"f:1: error: the section's name is not closed"}},
                {TEXT("[set a] # c\nSource=/s\n"), {"f:1: error: there is text after the ]"}},
                {TEXT("[set a]]\n"), {"f:1: error: there is text after the ]"}},
                {TEXT(SET "Source\n"), {"f:3: error: neither a key with its value nor a section; write KEY=VALUE"}},
                {TEXT(SET "KeepFor: 3d\n"), {"f:3: error: a colon after the key; write KEY=VALUE"}},
                {TEXT(SET "KeepFor:x=3d\n"), {"f:3: error: a colon after the key"}},
                {TEXT(SET "=3d\n"), {"f:3: error: there is no key before the ="}},
                {TEXT(SET "Exclude=a:b=c\n"), {}},
                {TEXT(SET "KeepFor=\x1b[31m\n"), {"f:3: error: a control character in the line; delete it"}},
                {TEXT(SET "KeepFor=3d\x7f\n"), {"f:3: error: a control character"}},
                {TEXT(SET "KeepFor=3d\rKeepLast=3\n"), {"f:3: error: a control character"}},
                {TEXT(SET "\v\n"), {"f:3: error: a control character"}},
                {TEXT("# x\r" SET), {"f:1: error: a carriage return within the line; end lines by a line feed"}},
                {TEXT(SET "\xef\xbb\xbfKeepFor=3d\n"), {"f:3: error: an invisible byte order mark"}},

                {TEXT(SET "KeepFor=3d\n\0\n"), {"f:4: error: a NUL byte: this is no text file, or a damaged one"}},
                {TEXT("\xff\xfe[\0s\0"), {"f:1: error: a NUL byte: this looks like UTF-16; save the file as UTF-8"}},
                {TEXT("\xfe\xff\0[\0s"), {"f:1: error: a NUL byte: this looks like UTF-16"}},
                {TEXT("[\0s\0e\0"), {"f:1: error: a NUL byte: this looks like UTF-16"}},
                {TEXT("\0[\0s\0e"), {"f:1: error: a NUL byte: this looks like UTF-16"}},
                {TEXT("\0"), {"f:1: error: a NUL byte: this is no text file"}},
                {TEXT("\0\0\0\0"), {"f:1: error: a NUL byte: this is no text file"}},
                {TEXT("\0x\0\0"), {"f:1: error: a NUL byte: this is no text file"}},
                {TEXT("\0xx\0"), {"f:1: error: a NUL byte: this is no text file"}},

                {TEXT("[set a]\nSource=/caf\xe9/\xff\nExclude=\xe9*\n"), {}},
                {TEXT(SET "Caf\xe9=1\n"), {"f:3: error: unknown key Caf\\xe9= in [set a]"}},
                {TEXT(SET "Watch=\xe9\n"), {"f:3: error: Watch=\\xe9: write auto, inotify or poll"}},
                {TEXT(SET "KeepFor=3\n# c\n\nKeepLast=x\nFoo=1\n[set b]\nSource=s\n"),
                 {"f:3: error: KeepFor=3: ", "f:6: error: KeepLast=x: ", "f:7: error: unknown key Foo=",
                  "f:9: error: Source=s: "}},
        };

        make_tree();
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                _cleanup_(freep) char *all = NULL;
                struct Problems problems = {};
                int r;

                r = config_read_text("f", rows[i].text, rows[i].n, &places, &problems, &config);
                all = join(&problems);
                assert_lines(all, rows[i].expected, ELEMENTSOF(rows[i].expected), rows[i].text);
                ck_assert_int_eq(r, rows[i].expected[0] ? CONFIG_E_INVALID : 0);
                ck_assert(!config == (r != 0));
                if (config)
                        ck_assert_ptr_nonnull(config->sets[0]->zone);
                problems_done(&problems);
        }
        remove_tree();
}
END_TEST

START_TEST(test_values_arrive) {
        static const char text[] = "[set a]\nSource = \"/a b\"\t\nExclude=\"a # b\" 'c#d' #e# f;g\nExclude=\xff\n"
                                   "Include = a=b  c:d\n";
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};
        const struct ConfigSet *set;

        make_tree();
        /* There is "#e#" after a blank, which could be a comment: it must be quoted. */
        ck_assert_int_eq(config_read_text("f", text, sizeof(text) - 1, &places, &problems, &config), CONFIG_E_INVALID);
        problems_done(&problems);

        ck_assert_int_eq(config_read_text("f",
                                          TEXT("[set a]\nSource = \"/a b\"\t\nExclude=\"a # b\" 'c#d' '#e#' f;g\n"
                                               "Exclude=\xff\nInclude = a=b  c:d\n"),
                                          &places, &problems, &config),
                         0);
        set = config->sets[0];
        ck_assert_str_eq(set->source, "/a b");
        ck_assert_uint_eq(strv_length(set->exclude), 5);
        ck_assert_str_eq(set->exclude[0], "a # b");
        ck_assert_str_eq(set->exclude[2], "#e#");
        ck_assert_str_eq(set->exclude[3], "f;g");
        ck_assert_str_eq(set->exclude[4], "\xff");
        ck_assert_uint_eq(strv_length(set->include), 2);
        ck_assert_str_eq(set->include[0], "a=b");
        remove_tree();
}
END_TEST

/* Reads the tree; *ret_all are the problems. */
static int read_tree(const char *dropins, struct Config **ret, char **ret_all) {
        struct Problems problems = {};
        int r;

        r = config_read(below("main.conf"), dropins ? below(dropins) : NULL, &places, &problems, ret);
        *ret_all = join(&problems);
        problems_done(&problems);
        return r;
}

static void assert_tree(int expected_r, const char *const *expected, const char *label) {
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *all = NULL;
        int r;

        r = read_tree("conf.d", &config, &all);
        assert_lines(all, expected, 7, label);
        ck_assert_int_eq(r, expected_r);
        ck_assert(!config == (r != 0));
}

#define LINES(...) ((const char *const[8]){__VA_ARGS__})

START_TEST(test_dropins) {
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *all = NULL;

        make_tree();
        write_text("main.conf", "[set a]\nSource=/s\nKeepFor=1d\nKeepLast=1\nExclude=x\n");
        write_text("conf.d/10-z.conf", "[set a]\nKeepFor=2d\nExclude=y\n[copy a/b]\nTo=/t\n");
        write_text("conf.d/9.conf", "[set a]\nKeepFor=4d\n");
        write_text("conf.d/\xc3\xa9.conf", "[set a]\nKeepFor=5d\n");
        write_text("conf.d/Z.conf", "[set a]\nKeepFor=3d\n[copy a/b]\nMaxAge=1d\n");
        write_text("conf.d/.hidden.conf", "rubbish");
        write_text("conf.d/.conf", "rubbish");
        write_text("conf.d/x.conf~", "rubbish");
        write_text("conf.d/conf", "rubbish");
        write_text("elsewhere", "[set c]\nSource=/c\n");
        ck_assert_int_eq(symlink("../elsewhere", below("conf.d/link.conf")), 0);

        ck_assert_int_eq(read_tree("conf.d", &config, &all), 0);
        ck_assert_str_eq(all, "");
        ck_assert_uint_eq(config->n_sets, 2);
        ck_assert_int_eq(config->sets[0]->policy.span[POLICY_KEEP_FOR].days, 5);
        ck_assert_uint_eq(config->sets[0]->policy.count[POLICY_KEEP_LAST], 1);
        ck_assert_uint_eq(strv_length(config->sets[0]->exclude), 2);
        ck_assert_int_eq(config->sets[0]->copies[0]->max_age_usec, USEC_PER_DAY);
        ck_assert_uint_eq(strv_length(config->files), 6);
        config = config_free(config);
        free(TAKE_PTR(all));

        /* Without drop-ins, or none there. */
        ck_assert_int_eq(read_tree(NULL, &config, &all), 0);
        ck_assert_uint_eq(config->n_sets, 1);
        ck_assert_int_eq(config->sets[0]->policy.span[POLICY_KEEP_FOR].days, 1);
        config = config_free(config);
        free(TAKE_PTR(all));
        ck_assert_int_eq(read_tree("missing", &config, &all), 0);
        config = config_free(config);
        free(TAKE_PTR(all));

        /* The directory by a link. */
        ck_assert_int_eq(symlink("conf.d", below("link.d")), 0);
        ck_assert_int_eq(read_tree("link.d", &config, &all), 0);
        ck_assert_uint_eq(config->n_sets, 2);
        remove_tree();
}
END_TEST

START_TEST(test_all_problems_of_all_files) {
        make_tree();
        write_text("main.conf", "[set a]\nSource=/s\nFoo=1\n");
        write_text("conf.d/1.conf", "[set a]\nKeepFor=3\n\n[copy b/c]\nTo=/t\n");
        write_text("conf.d/2.conf", "KeepFor=3d\n[set a]\n KeepLast=3\nTimeZone=Berlin\n");
        assert_tree(CONFIG_E_INVALID,
                    LINES("main.conf:3: error: unknown key Foo=", "conf.d/1.conf:2: error: KeepFor=3: ",
                          "conf.d/2.conf:1: error: KeepFor= stands before", "conf.d/2.conf:3: error: an indented line",
                          "conf.d/1.conf:4: error: [copy b/c] belongs to no set",
                          "conf.d/2.conf:4: error: TimeZone=Berlin: no such time zone"),
                    "many");
        remove_tree();
}
END_TEST

START_TEST(test_zone_problems_beside_others) {
        make_tree();
        write_text("main.conf", "[set a]\nSource=/s\nTimeZone=Europe/Berln\nFoo=1\n");
        assert_tree(CONFIG_E_INVALID,
                    LINES("main.conf:4: error: unknown key Foo=",
                          "main.conf:3: error: TimeZone=Europe/Berln: no such time zone in zones, did you mean "
                          "Europe/Berlin?"),
                    "zone");
        remove_tree();
}
END_TEST

START_TEST(test_files_that_are_none) {
        _cleanup_(freep) char *large = malloc(CONFIG_FILE_MAX + 1);

        make_tree();
        assert_tree(CONFIG_E_INVALID,
                    LINES("main.conf: error: there is no such file; write it, see retaind.conf(5), or name another by "
                          "--config=FILE"),
                    "missing");

        ck_assert_int_eq(mkdir(below("main.conf"), 0755), 0);
        assert_tree(CONFIG_E_INVALID, LINES("main.conf: error: this is a directory, not a file"), "directory");
        ck_assert_int_eq(rmdir(below("main.conf")), 0);

        ck_assert_int_eq(mkfifo(below("main.conf"), 0600), 0);
        assert_tree(CONFIG_E_INVALID, LINES("main.conf: error: this is not a regular file"), "FIFO");
        ck_assert_int_eq(unlink(below("main.conf")), 0);

        ck_assert_int_eq(symlink("main.conf", below("main.conf")), 0);
        assert_tree(CONFIG_E_INVALID, LINES("main.conf: error: this cannot be read: Too many levels of symbolic links"),
                    "loop");
        ck_assert_int_eq(unlink(below("main.conf")), 0);

        memset(large, '\n', CONFIG_FILE_MAX + 1);
        memcpy(large, SET, strlen(SET));
        write_bytes("main.conf", large, CONFIG_FILE_MAX);
        assert_tree(0, LINES(NULL), "1 MiB");
        write_bytes("main.conf", large, CONFIG_FILE_MAX + 1);
        assert_tree(CONFIG_E_INVALID, LINES("main.conf: error: the file is over 1 MiB; this cannot be a configuration"),
                    "large");
        remove_tree();
}
END_TEST

START_TEST(test_dropins_that_are_none) {
        make_tree();
        write_text("main.conf", SET);
        ck_assert_int_eq(mkdir(below("conf.d/1.conf"), 0755), 0);
        ck_assert_int_eq(mkfifo(below("conf.d/2.conf"), 0600), 0);
        ck_assert_int_eq(symlink("/dev/null", below("conf.d/3.conf")), 0);
        assert_tree(0,
                    LINES("conf.d/1.conf: warning: not a regular file; it is not read",
                          "conf.d/2.conf: warning: not a regular file", "conf.d/3.conf: warning: not a regular file"),
                    "not regular");
        ck_assert_int_eq(symlink("nowhere", below("conf.d/0.conf")), 0);
        assert_tree(CONFIG_E_INVALID,
                    LINES("conf.d/0.conf: error: there is no such file",
                          "conf.d/1.conf: warning: ", "conf.d/2.conf: warning: ", "conf.d/3.conf: warning: "),
                    "dangling");
        remove_tree();

        make_tree();
        write_text("main.conf", SET);
        ck_assert_int_eq(rmdir(below("conf.d")), 0);
        write_text("conf.d", "");
        assert_tree(CONFIG_E_INVALID, LINES("conf.d: error: this cannot be read: Not a directory"), "no directory");
        remove_tree();
}
END_TEST

START_TEST(test_too_many_dropins) {
        char name[32];

        make_tree();
        write_text("main.conf", SET);
        for (unsigned i = 0; i < CONFIG_DROPINS_MAX; i++) {
                snprintf(name, sizeof(name), "conf.d/%u.conf", i);
                write_text(name, "");
        }
        assert_tree(0, LINES(NULL), "1000");
        write_text("conf.d/x.conf", "");
        assert_tree(CONFIG_E_INVALID, LINES("conf.d: error: more than 1000 drop-in files"), "1001");
        remove_tree();
}
END_TEST

START_TEST(test_writable_by_others) {
        make_tree();
        write_text("main.conf", SET);
        write_text("conf.d/x.conf", "");
        ck_assert_int_eq(chmod(below("main.conf"), 0664), 0);
        ck_assert_int_eq(chmod(below("conf.d/x.conf"), 0606), 0);
        ck_assert_int_eq(chmod(below("conf.d"), 0770), 0);
        assert_tree(0,
                    LINES("main.conf: warning: anyone in its group can change this file, and so make retaind remove "
                          "files; run chmod go-w main.conf",
                          "conf.d: warning: anyone in its group can change what is in here, and so make retaind remove "
                          "files; run chmod go-w conf.d",
                          "conf.d/x.conf: warning: anyone can change this file, and so make retaind remove files; run "
                          "chmod go-w conf.d/x.conf"),
                    "modes");
        remove_tree();
}
END_TEST

START_TEST(test_zones) {
        static const struct {
                const char *zone, *expected;
        } rows[] = {
                {"UTC", NULL},
                {"Europe/Berlin", NULL},
                {"europe/berlin", "f:3: error: TimeZone=europe/berlin: no such time zone in zones, did you mean "
                                  "Europe/Berlin?"},
                {"Copenhagen", "f:3: error: TimeZone=Copenhagen: no such time zone in zones, did you mean "
                               "Europe/Copenhagen?"},
                {"tokyo", "f:3: error: TimeZone=tokyo: no such time zone in zones, did you mean Asia/Tokyo?"},
                {"Europe", "f:3: error: TimeZone=Europe: no such time zone in zones; timedatectl list-timezones"},
                {"Mars/Base", "f:3: error: TimeZone=Mars/Base: no such time zone in zones; timedatectl"},
                {"tzdata.zi",
                 "f:3: error: TimeZone=tzdata.zi: zones/tzdata.zi cannot be read: this is no time zone file"},
        };

        make_tree();
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                _cleanup_(freep) char *all = NULL;
                struct Problems problems = {};
                char text[128];
                int r;

                snprintf(text, sizeof(text), SET "TimeZone=%s\n", rows[i].zone);
                r = config_read_text("f", text, strlen(text), &places, &problems, &config);
                all = join(&problems);
                assert_lines(all, LINES(rows[i].expected), 1, rows[i].zone);
                ck_assert_int_eq(r, rows[i].expected ? CONFIG_E_INVALID : 0);
                problems_done(&problems);
        }

        /* Without the list of names there is no hint. */
        ck_assert_int_eq(unlink(below("zones/tzdata.zi")), 0);
        write_text("main.conf", SET "TimeZone=Berlin\n");
        assert_tree(CONFIG_E_INVALID,
                    LINES("main.conf:3: error: TimeZone=Berlin: no such time zone in zones; timedatectl"), "no list");
        remove_tree();
}
END_TEST

START_TEST(test_local_time) {
        make_tree();
        write_text("main.conf", SET "[set b]\nSource=/b\n");
        assert_tree(0, LINES(NULL), "none is UTC");

        write_bytes("localtime", tzif, sizeof(tzif) - 1);
        assert_tree(0, LINES(NULL), "a zone");

        write_text("localtime", "rubbish");
        assert_tree(CONFIG_E_INVALID,
                    LINES("localtime: error: the system's time zone cannot be read: this is no time zone file, or one "
                          "that counts leap seconds; set TimeZone= in each set"),
                    "rubbish, said once");

        ck_assert_int_eq(unlink(below("localtime")), 0);
        ck_assert_int_eq(mkdir(below("localtime"), 0755), 0);
        assert_tree(CONFIG_E_INVALID, LINES("localtime: error: the system's time zone cannot be read: Is a directory"),
                    "directory");

        ck_assert_int_eq(rmdir(below("localtime")), 0);
        ck_assert_int_eq(symlink("nowhere", below("localtime")), 0);
        assert_tree(0,
                    LINES("localtime: warning: leads to a time zone that is not installed; days begin and end by UTC"),
                    "dangling");
        remove_tree();
}
END_TEST

START_TEST(test_usual_places) {
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};

        /* Of this system nothing is known but that UTC is there. */
        ck_assert_int_eq(config_read_text("f", TEXT(SET "TimeZone=UTC\n"), NULL, &problems, &config), 0);
        config = config_free(config);
        ck_assert_int_eq(
                config_read_text("f", TEXT(SET "TimeZone=UTC\n"), &(struct ConfigPlaces){}, &problems, &config), 0);
        ck_assert_ptr_nonnull(config->sets[0]->zone);
        problems_done(&problems);
}
END_TEST

static int fault_at, fault_error;

static int fail_nth(enum OsCall call) {
        (void)call;
        return fault_at-- == 0 ? fault_error : 0;
}

/* Whichever call fails, the outcome is a problem with a name or all is well; memory alone has no name. */
START_TEST(test_faults) {
        static const int errors[] = {-EIO, -EACCES, -ENOENT, -ENOMEM};
        bool is_over = false;

        make_tree();
        write_text("main.conf", SET "TimeZone=Berlin\n[set b]\nSource=/b\n");
        write_text("conf.d/x.conf", "[set a]\nTimeZone=Europe/Berlin\n");
        write_bytes("localtime", tzif, sizeof(tzif) - 1);
        for (int i = 0; !is_over; i++)
                for (size_t j = 0; j < ELEMENTSOF(errors); j++) {
                        _cleanup_(config_freep) struct Config *config = NULL;
                        _cleanup_(freep) char *all = NULL;
                        int r;

                        fault_at = i;
                        fault_error = errors[j];
                        os_fault = fail_nth;
                        r = read_tree("conf.d", &config, &all);
                        os_fault = NULL;
                        is_over = fault_at >= 0;

                        ck_assert(!config == (r != 0));
                        if (is_over)
                                ck_assert_int_eq(r, 0);
                        else if (errors[j] == -ENOMEM)
                                ck_assert_int_eq(r, -ENOMEM);
                        else if (r != 0) {
                                ck_assert_int_eq(r, CONFIG_E_INVALID);
                                ck_assert_ptr_nonnull(strstr(all, ": error: "));
                        } else
                                ck_assert_int_eq(errors[j], -ENOENT);
                }
        remove_tree();
}
END_TEST

START_TEST(test_fault_texts) {
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *all = NULL;

        make_tree();
        write_text("main.conf", SET "TimeZone=Europe/Berlin\n");
        fault_error = -EIO;
        fault_at = 0;
        os_fault = fail_nth;
        ck_assert_int_eq(read_tree(NULL, &config, &all), CONFIG_E_INVALID);
        ck_assert_str_eq(all, "main.conf: error: this cannot be read: Input/output error\n");
        free(TAKE_PTR(all));

        /* open, statx, read and the read at the end of the main file, then the zone's open. */
        fault_at = 4;
        ck_assert_int_eq(read_tree(NULL, &config, &all), CONFIG_E_INVALID);
        os_fault = NULL;
        ck_assert_str_eq(all, "main.conf:3: error: TimeZone=Europe/Berlin: zones/Europe/Berlin cannot be read: "
                              "Input/output error\n");
        remove_tree();
}
END_TEST

/* The memory of the list of zones is the one allocation of it that a failing call can stand for. */
START_TEST(test_fault_in_hint) {
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *all = NULL;

        make_tree();
        write_text("main.conf", SET "TimeZone=Berlin\n");
        fault_error = -ENOMEM;
        fault_at = 5;
        os_fault = fail_nth;
        ck_assert_int_eq(read_tree(NULL, &config, &all), -ENOMEM);
        os_fault = NULL;
        remove_tree();
}
END_TEST

int main(void) {
        return test_run("config-read",
                        (const TTest *[]){test_text, test_values_arrive, test_dropins, test_all_problems_of_all_files,
                                          test_zone_problems_beside_others, test_files_that_are_none,
                                          test_dropins_that_are_none, test_too_many_dropins, test_writable_by_others,
                                          test_zones, test_local_time, test_usual_places, test_faults, test_fault_texts,
                                          test_fault_in_hint, NULL});
}
