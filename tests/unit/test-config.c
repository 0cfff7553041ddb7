/* SPDX-License-Identifier: MIT */

/* The pure part of the configuration: values, the table of keys, headers, the builder, and the checks between keys. */

#include "lib/config-build.h"
#include "lib/config-header.h"
#include "lib/config-keys.h"
#include "lib/config-value.h"
#include "tests/test.h"

#include <stdio.h>

/* One line of a script is a header in brackets, KEY=TEXT, or @FILE, which begins a file and the count of its lines. */
static int build(const char *script, struct Problems *problems, struct Config **ret) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        unsigned line_number = 0;
        int r;

        r = config_builder_new(problems, &builder);
        ck_assert_int_eq(r, 0);
        while (*script) {
                size_t n = strcspn(script, "\n");
                _cleanup_(freep) char *line = strndup(script, n);
                char *equals = strchr(line, '=');

                script += script[n] ? n + 1 : n;
                line_number++;
                if (line[0] == '@') {
                        r = config_builder_begin_file(builder, line + 1);
                        line_number = 0;
                } else if (line[0] == '[') {
                        line[n - 1] = '\0';
                        r = config_builder_section(builder, line + 1, line_number);
                } else {
                        ck_assert_ptr_nonnull(equals);
                        *equals = '\0';
                        r = config_builder_assign(builder, line, equals + 1, line_number);
                }
                ck_assert_int_eq(r, 0);
        }
        ck_assert_int_eq(config_builder_check(builder), 0);
        ck_assert_ptr_nonnull(config_builder_config(builder));
        return config_builder_take(builder, ret);
}

/* Exactly these lines, or of each at least this beginning. */
static void assert_problems(const struct Problems *problems, const char *const *expected, size_t n_max,
                            const char *label) {
        size_t n = 0;

        while (n < n_max && expected[n])
                n++;
        for (size_t i = 0; i < MAX(n, problems_n_lines(problems)); i++) {
                _cleanup_(freep) char *line = NULL;

                ck_assert_msg(i < problems_n_lines(problems), "%s: missing \"%s\"", label, expected[i]);
                ck_assert_int_eq(problems_format_line(problems, i, &line), 0);
                ck_assert_msg(i < n, "%s: not expected: \"%s\"", label, line);
                ck_assert_msg(strncmp(line, expected[i], strlen(expected[i])) == 0,
                              "%s:\n  is       %s\n  should be %s", label, line, expected[i]);
        }
}

START_TEST(test_unquote) {
        static const struct {
                const char *text, *value, *why;
        } rows[] = {
                {"", "", NULL},
                {"plain", "plain", NULL},
                {"it's \"so\"", "it's \"so\"", NULL},
                {"back\\slash", "back\\slash", NULL},
                {"\"\"", "", NULL},
                {"\"a b\"", "a b", NULL},
                {"'a b'", "a b", NULL},
                {"'a \"b\" \\'", "a \"b\" \\", NULL},
                {"\"a \\\"b\\\" \\\\ 'c'\"", "a \"b\" \\ 'c'", NULL},
                {"\"a", NULL, "the quote is not closed"},
                {"'", NULL, "the quote is not closed"},
                {"\"a\\\"", NULL, "the quote is not closed"},
                {"\"a\\", NULL, "inside double quotes a backslash"},
                {"\"a\\n\"", NULL, "inside double quotes a backslash"},
                {"\"a\" b", NULL, "there is text after the closing quote"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *value = NULL;
                const char *why = NULL;

                ck_assert_int_eq(config_value_unquote(rows[i].text, &value, &why), rows[i].value ? 0 : CONFIG_E_VALUE);
                ck_assert_pstr_eq(value, rows[i].value);
                if (rows[i].why)
                        ck_assert_msg(why && strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
        }
}
END_TEST

START_TEST(test_split) {
        static const struct {
                const char *text;
                const char *items[5];
                const char *why;
        } rows[] = {
                {"", {}, NULL},
                {" \t ", {}, NULL},
                {"a", {"a"}, NULL},
                {" a  b\tc ", {"a", "b", "c"}, NULL},
                {"\"a b\" 'c d' e", {"a b", "c d", "e"}, NULL},
                {"\"\" ''", {"", ""}, NULL},
                {"a\\b \\*", {"a\\b", "\\*"}, NULL},
                {"\"\\\\*\"", {"\\*"}, NULL},
                {"\"a\"b", {}, "after a closing quote comes a space"},
                {"a\"b\"", {}, "a quote inside an item"},
                {"it's", {}, "a quote inside an item"},
                {"a 'b", {}, "the quote is not closed"},
                {"a \"b\\c\"", {}, "inside double quotes a backslash"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(strv_freep) Strv list = NULL;
                const char *why = NULL;
                size_t n = 0;

                ck_assert_int_eq(config_value_split(rows[i].text, &list, &why), rows[i].why ? CONFIG_E_VALUE : 0);
                if (rows[i].why)
                        ck_assert_msg(why && strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
                for (; rows[i].items[n]; n++)
                        ck_assert_str_eq(list[n], rows[i].items[n]);
                ck_assert_uint_eq(strv_length(list), n);
        }
}
END_TEST

START_TEST(test_split_bounded) {
        _cleanup_(strv_freep) Strv list = NULL;
        char text[2 * CONFIG_LIST_MAX + 2];
        const char *why;

        for (size_t i = 0; i <= CONFIG_LIST_MAX; i++)
                memcpy(text + 2 * i, "x ", 2);
        text[2 * CONFIG_LIST_MAX] = '\0';
        ck_assert_int_eq(config_value_split(text, &list, &why), 0);
        ck_assert_uint_eq(strv_length(list), CONFIG_LIST_MAX);
        list = strv_free(list);

        text[2 * CONFIG_LIST_MAX] = 'x';
        text[2 * CONFIG_LIST_MAX + 1] = '\0';
        ck_assert_int_eq(config_value_split(text, &list, &why), CONFIG_E_VALUE);
        ck_assert_str_eq(why, "more than 1000 items");
}
END_TEST

START_TEST(test_path) {
        static const struct {
                const char *text, *path, *why;
        } rows[] = {
                {"/a", "/a", NULL},
                {"//a///b//", "/a/b", NULL},
                {"/a b/\xff\xe9", "/a b/\xff\xe9", NULL},
                {"/.a/..b/...", "/.a/..b/...", NULL},
                {"/a;b#c", "/a;b#c", NULL},
                {"", NULL, "a path must be absolute"},
                {"a/b", NULL, "a path must be absolute"},
                {"./a", NULL, "a path must be absolute"},
                {"~/a", NULL, "~ is not replaced here"},
                {"/", NULL, "the root directory cannot be used"},
                {"//", NULL, "the root directory cannot be used"},
                {"/a/../b", NULL, "no . or .."},
                {"/a/./b", NULL, "no . or .."},
                {"/..", NULL, "no . or .."},
                {"/a/.", NULL, "no . or .."},
                {"/a\nb", NULL, "a control character"},
                {"/a\x7f", NULL, "a control character"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *path = NULL;
                const char *why = NULL;

                ck_assert_int_eq(config_value_path(rows[i].text, &path, &why), rows[i].path ? 0 : CONFIG_E_VALUE);
                ck_assert_pstr_eq(path, rows[i].path);
                if (rows[i].why)
                        ck_assert_msg(why && strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
        }
}
END_TEST

START_TEST(test_path_bounded) {
        static const struct {
                size_t n_component, n_path;
                const char *why;
        } rows[] = {
                {255, 300, NULL},
                {256, 300, "a component of the path is longer than 255 bytes"},
                {100, 4095, NULL},
                {100, 4096, "the path is longer than 4095 bytes"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(freep) char *path = NULL;
                char text[4100] = "";
                const char *why = NULL;

                for (size_t j = 0; j < rows[i].n_path; j++)
                        text[j] = j % (rows[i].n_component + 1) == 0 ? '/' : 'x';
                ck_assert_int_eq(config_value_path(text, &path, &why), rows[i].why ? CONFIG_E_VALUE : 0);
                ck_assert_pstr_eq(why, rows[i].why);
        }
}
END_TEST

START_TEST(test_strv) {
        _cleanup_(strv_freep) Strv a = NULL, b = NULL;

        ck_assert_int_eq(strv_consume_all(&a, &b), 0);
        ck_assert_ptr_null(a);
        ck_assert_int_eq(strv_consume(&b, strdup("x")), 0);
        ck_assert_int_eq(strv_consume(&b, strdup("y")), 0);
        ck_assert_int_eq(strv_consume_all(&a, &b), 0);
        ck_assert_ptr_null(b);
        ck_assert_int_eq(strv_consume(&b, strdup("z")), 0);
        ck_assert_int_eq(strv_consume_all(&a, &b), 0);
        ck_assert_uint_eq(strv_length(a), 3);
        ck_assert_str_eq(a[0], "x");
        ck_assert_str_eq(a[2], "z");
}
END_TEST

START_TEST(test_header) {
        static const struct {
                const char *text, *label, *why;
        } rows[] = {
                {"daemon", "daemon", NULL},
                {" daemon\t", "daemon", NULL},
                {"set a", "set a", NULL},
                {"  set \t A.b_c-9 ", "set A.b_c-9", NULL},
                {"set _", "set _", NULL},
                {"copy a/b", "copy a/b", NULL},
                {"set 0123456789012345678901234567890123456789012345678901234567890123",
                 "set 0123456789012345678901234567890123456789012345678901234567890123", NULL},
                {"", NULL, "unknown section []; there are [daemon], [set NAME] and [copy SET/NAME]"},
                {"Daemon", NULL, "unknown section [Daemon], did you mean [daemon]?"},
                {"st a", NULL, "unknown section [st], did you mean [set NAME]?"},
                {"Copy a/b", NULL, "unknown section [Copy], did you mean [copy SET/NAME]?"},
                {"global", NULL, "unknown section [global]; there are"},
                {"daemon x", NULL, "[daemon] takes no name"},
                {"set", NULL, "a set needs a name: write [set NAME]"},
                {"copy", NULL, "write [copy SET/NAME]"},
                {"copy nas", NULL, "write [copy SET/NAME]"},
                {"copy /nas", NULL, "\"\" cannot be a name"},
                {"copy a/", NULL, "\"\" cannot be a name"},
                {"copy a/b/c", NULL, "\"b/c\" cannot be a name"},
                {"set a b", NULL, "\"a b\" cannot be a name; take 1 to 64 letters"},
                {"set .a", NULL, "\".a\" cannot be a name"},
                {"set -a", NULL, "\"-a\" cannot be a name"},
                {"set a/b", NULL, "\"a/b\" cannot be a name"},
                {"set \xc3\xa9", NULL, "cannot be a name"},
                {"set 01234567890123456789012345678901234567890123456789012345678901234", NULL, "cannot be a name"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct ConfigHeader header = {};
                char why[CONFIG_WHY_MAX] = "";

                ck_assert_int_eq(config_header_parse(rows[i].text, &header, why), rows[i].label ? 0 : CONFIG_E_VALUE);
                ck_assert_str_eq(header.label, strempty(rows[i].label));
                if (rows[i].why)
                        ck_assert_msg(strstr(why, rows[i].why), "%s: %s", rows[i].text, why);
        }
}
END_TEST

START_TEST(test_refused_values) {
        static const struct {
                const char *section, *assignment, *why;
        } rows[] = {
                {"daemon", "BandwidthMax=0", "bytes a second, at least 1K; infinity is no limit"},
                {"daemon", "BandwidthMax=1023", "bytes a second, at least 1K"},
                {"daemon", "BandwidthMax=fast", NULL},
                {"daemon", "Language=pt BR", "write the name of a locale, such as pt_BR"},
                {"daemon", "Language=../x", "write the name of a locale"},
                {"daemon", "Language=..", "write the name of a locale"},
                {"daemon", "Language=0123456789012345678901234567890123456789012345678901234567890123x",
                 "write the name of a locale"},
                {"set a", "Source=x", "a path must be absolute, beginning with /"},
                {"set a", "Source=\"/x", "the quote is not closed"},
                {"set a", "Recursive=true", "write yes or no"},
                {"set a", "Recursive=Yes", "write yes or no"},
                {"set a", "OneFileSystem=1", "write yes or no"},
                {"set a", "Include=\"\"", "an empty item matches nothing"},
                {"set a", "Include=*.sql /x", "/x: patterns are relative to Source= and begin with no /"},
                {"set a", "Exclude=x/", "x/: a pattern ends in no /"},
                {"set a", "Exclude=a\x01z", "a control character in a pattern"},
                {"set a", "Exclude=it's", "a quote inside an item"},
                {"set a", "Settle=1", NULL},
                {"set a", "Settle=5m", NULL},
                {"set a", "Settle=31d", "write a time span of at most 30d"},
                {"set a", "Settle=infinity", "write a time span of at most 30d"},
                {"set a", "Watch=Inotify", "write auto, inotify or poll"},
                {"set a", "PollInterval=999ms", "write a time span of at least 1s and of at most 30d"},
                {"set a", "PollInterval=0s", "write a time span of at least 1s"},
                {"set a", "ReconcileInterval=59s", "write a time span of at least 1min"},
                {"set a", "ActiveHours=2-6", "write from and to, like 02:00-06:00"},
                {"set a", "ActiveHours=\"02:00-06:00", "the quote is not closed"},
                {"set a", "ActiveHours=02:00-06:00 7'8", "a quote inside an item"},
                {"set a", "AgeFrom=mtime", "write auto, name, modified or birth"},
                {"set a", "TimeZone=/etc/localtime", "write the name of a time zone, such as Europe/Berlin or UTC"},
                {"set a", "TimeZone=Europe/../x", "write the name of a time zone"},
                {"set a", "TimeZone=Europe/", "write the name of a time zone"},
                {"set a", "TimeZone=Europe//Berlin", "write the name of a time zone"},
                {"set a", "TimeZone=Europe/Berlin time", "write the name of a time zone"},
                {"set a", "Pattern=\"\"", "an empty item matches nothing"},
                {"set a", "Pattern=a%Qb", "a%Qb: "},
                {"set a", "KeepFor=3", NULL},
                {"set a", "KeepFor=3m", NULL},
                {"set a", "KeepFor=3 dais", NULL},
                {"set a", "KeepFor=-3d", NULL},
                {"set a", "KeepFor=0s", "a span of nothing; write at least 1s, or leave the value empty for no rule"},
                {"set a", "KeepWithin=0d", "a span of nothing"},
                {"set a", "KeepLast=-1", "write a whole number in digits, or all"},
                {"set a", "KeepLast=+1", "write a whole number in digits, or all"},
                {"set a", "KeepLast=1.5", "write a whole number in digits, or all"},
                {"set a", "KeepLast=3d", "write a whole number in digits, or all"},
                {"set a", "KeepDaily=All", "write a whole number in digits, or all"},
                {"set a", "KeepDaily=1000001", "the number is over 1000000, or all"},
                {"set a", "KeepDaily=99999999999999999999999", "the number is over 1000000, or all"},
                {"set a", "MinKeep=all", "write a whole number in digits"},
                {"set a", "MinKeep=1000001", "the number is over 1000000"},
                {"set a", "RemoveMax=50", "write a percentage from 0% to 100%, with its sign"},
                {"set a", "RemoveMax=101%", "write a percentage"},
                {"set a", "RemoveMax=4294967297%", "write a percentage"},
                {"set a", "RemoveMax=%", "write a percentage"},
                {"set a", "RemoveMax=50%%", "write a percentage"},
                {"set a", "RemoveMax=-1%", "write a percentage"},
                {"set a", "ExpectEvery=0s", "write a time span of at least 1s"},
                {"set a", "FutureTolerance=infinity", "write a time span of at most 1y"},
                {"set a", "OnChange=ignore", "write alarm or version"},
                {"set a", "Trash=7", NULL},
                {"set a", "Listing=x", "a path must be absolute"},
                {"copy a/b", "To=../x", "a path must be absolute"},
                {"copy a/b", "MaxAge=0s", "write a time span of at least 1s"},
                {"copy a/b", "Verify=no", "write readback or written"},
                {"copy a/b", "Metadata=besteffort", "write strict or best-effort"},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                struct Problems problems = {};
                char script[512], expected[512];

                snprintf(script, sizeof(script), "@f\n[%s]\n%s\n@g\n[set a]\n%s[copy a/b]\n%s", rows[i].section,
                         rows[i].assignment, strstr(rows[i].assignment, "Source=") ? "" : "Source=/s\n",
                         strstr(rows[i].assignment, "To=") ? "" : "To=/t\n");
                snprintf(expected, sizeof(expected), "f:2: error: %s: %s", rows[i].assignment, strempty(rows[i].why));
                ck_assert_int_eq(build(script, &problems, &config), CONFIG_E_INVALID);
                ck_assert_ptr_null(config);
                if (!strchr(expected, '\x01'))
                        assert_problems(&problems, (const char *[]){expected}, 1, rows[i].assignment);
                ck_assert_uint_eq(problems.n_errors, 1);
                problems_done(&problems);
        }
}
END_TEST

START_TEST(test_long_texts) {
        static const char *const keys[] = {"Exclude", "TimeZone"};

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                struct ConfigSet set = {};
                char text[CONFIG_PATH_MAX + 2], why[CONFIG_WHY_MAX];

                memset(text, 'x', sizeof(text));
                text[CONFIG_PATH_MAX + 1] = '\0';
                ck_assert_int_eq(config_key_apply(config_key_find(CONFIG_SECTION_SET, keys[i]), &set, text, false, why),
                                 CONFIG_E_VALUE);
        }
}
END_TEST

START_TEST(test_defaults) {
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};
        const struct ConfigCopy *copy;
        const struct ConfigSet *set;

        ck_assert_int_eq(build("@f\n[set a]\nSource=/s\n[copy a/b]\nTo=/t\n", &problems, &config), 0);
        ck_assert_uint_eq(problems_n_lines(&problems), 0);
        ck_assert(config->bandwidth_max == UINT64_MAX);
        ck_assert_ptr_null(config->language);
        ck_assert_uint_eq(config->n_sets, 1);

        set = config->sets[0];
        ck_assert_str_eq(set->name, "a");
        ck_assert_str_eq(set->source, "/s");
        ck_assert(set->recursive);
        ck_assert(set->one_file_system);
        ck_assert_uint_eq(strv_length(set->include), 1);
        ck_assert_str_eq(set->include[0], "*");
        ck_assert_uint_eq(strv_length(set->exclude), 4);
        ck_assert_str_eq(set->exclude[3], ".*");
        ck_assert_int_eq(set->settle_usec, USEC_PER_MINUTE);
        ck_assert_int_eq(set->watch, CONFIG_WATCH_AUTO);
        ck_assert_int_eq(set->poll_interval_usec, USEC_PER_MINUTE);
        ck_assert_int_eq(set->age_from, CONFIG_AGE_FROM_AUTO);
        ck_assert_ptr_null(set->time_zone);
        ck_assert_uint_eq(strv_length(set->pattern), 0);
        ck_assert_ptr_null(set->patterns[0]);
        ck_assert_uint_eq(set->policy.rules, 0);
        ck_assert_uint_eq(set->policy.min_keep, 1);
        ck_assert(!set->remove_uncopied);
        ck_assert_uint_eq(set->remove_max_percent, 50);
        ck_assert_int_eq(set->expect_every_usec, USEC_INFINITY);
        ck_assert_int_eq(set->future_tolerance_usec, USEC_PER_DAY);
        ck_assert_int_eq(set->on_change, CONFIG_ON_CHANGE_ALARM);
        ck_assert_int_eq(set->trash_usec, 0);
        ck_assert_ptr_null(set->listing);

        ck_assert_uint_eq(set->n_copies, 1);
        copy = set->copies[0];
        ck_assert_str_eq(copy->name, "b");
        ck_assert_str_eq(copy->to, "/t");
        ck_assert_int_eq(copy->max_age_usec, USEC_INFINITY);
        ck_assert_uint_eq(copy->policy.rules, 0);
        ck_assert_uint_eq(copy->policy.min_keep, 1);
        ck_assert_uint_eq(copy->remove_max_percent, 50);
        ck_assert_int_eq(copy->trash_usec, 0);
        ck_assert_int_eq(copy->verify, CONFIG_VERIFY_READBACK);
        ck_assert_int_eq(copy->metadata, CONFIG_METADATA_STRICT);
        ck_assert_ptr_null(copy->listing);
}
END_TEST

START_TEST(test_every_key) {
        static const char script[] = "@f\n"
                                     "[copy a/b]\n" /* before its set */
                                     "To=\"/t u//\"\nMaxAge=2d\nKeepLast=all\nKeepWithinYearly=10y\nMinKeep=0\n"
                                     "RemoveMax=0%\nTrash=infinity\nVerify=written\nMetadata=best-effort\n"
                                     "Listing=/l/b\n"
                                     "[set a]\n"
                                     "Source='/s'\nRecursive=no\nOneFileSystem=no\nInclude=*.gz 'a b'\nInclude=x/y\n"
                                     "Exclude=\"\"\nSettle=0s\nWatch=poll\nPollInterval=1s\nReconcileInterval="
                                     "1min\nActiveHours=02:00-06:00 22:00-01:00\nAgeFrom=birth\n"
                                     "TimeZone=America/Argentina/Buenos_Aires\nPattern=%F-*.gz x%s%*\n"
                                     "KeepFor=1y 6month\nKeepHourly=1\nKeepDaily=1000000\nKeepWeekly=0\n"
                                     "KeepMonthly=007\nKeepYearly=all\nKeepWithin=infinity\nKeepWithinHourly=26h\n"
                                     "MinKeep=3\nRemoveUncopied=yes\nRemoveMax=100%\nExpectEvery=26h\n"
                                     "FutureTolerance=0s\nOnChange=version\nTrash=7d\nListing=/l/a\n"
                                     "[daemon]\nBandwidthMax=50M\nLanguage=pt_BR\n"
                                     "[copy a/c]\nTo=/v\n";
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};
        const struct Policy *policy;
        const struct ConfigCopy *copy;
        const struct ConfigSet *set;

        ck_assert_int_eq(build(script, &problems, &config), 0);
        ck_assert_uint_eq(config->bandwidth_max, 50U * 1024 * 1024);
        ck_assert_str_eq(config->language, "pt_BR");

        set = config->sets[0];
        ck_assert_str_eq(set->source, "/s");
        ck_assert(!set->recursive);
        ck_assert(!set->one_file_system);
        ck_assert_uint_eq(strv_length(set->include), 3);
        ck_assert_str_eq(set->include[1], "a b");
        ck_assert_str_eq(set->include[2], "x/y");
        ck_assert_uint_eq(strv_length(set->exclude), 1);
        ck_assert_str_eq(set->exclude[0], "");
        ck_assert_int_eq(set->settle_usec, 0);
        ck_assert_int_eq(set->watch, CONFIG_WATCH_POLL);
        ck_assert_int_eq(set->poll_interval_usec, USEC_PER_SEC);
        ck_assert_int_eq(set->reconcile_interval_usec, USEC_PER_MINUTE);
        ck_assert_uint_eq(set->active_hours.n, 2);
        ck_assert_uint_eq(set->active_hours.from[1], 22 * 60);
        ck_assert_int_eq(set->age_from, CONFIG_AGE_FROM_BIRTH);
        ck_assert_str_eq(set->time_zone, "America/Argentina/Buenos_Aires");
        ck_assert_uint_eq(strv_length(set->pattern), 2);
        ck_assert_ptr_nonnull(set->patterns[1]);
        ck_assert_ptr_null(set->patterns[2]);

        policy = &set->policy;
        ck_assert_uint_eq(policy->rules, 1U << POLICY_KEEP_FOR | 1U << POLICY_KEEP_HOURLY | 1U << POLICY_KEEP_DAILY |
                                                 1U << POLICY_KEEP_MONTHLY | 1U << POLICY_KEEP_YEARLY |
                                                 1U << POLICY_KEEP_WITHIN | 1U << POLICY_KEEP_WITHIN_HOURLY);
        ck_assert_int_eq(policy->span[POLICY_KEEP_FOR].years, 1);
        ck_assert_int_eq(policy->span[POLICY_KEEP_FOR].months, 6);
        ck_assert(span_is_infinite(&policy->span[POLICY_KEEP_WITHIN]));
        ck_assert_int_eq(policy->span[POLICY_KEEP_WITHIN_HOURLY].usec, 26 * USEC_PER_HOUR);
        ck_assert_uint_eq(policy->count[POLICY_KEEP_HOURLY], 1);
        ck_assert_uint_eq(policy->count[POLICY_KEEP_DAILY], 1000000);
        ck_assert_uint_eq(policy->count[POLICY_KEEP_MONTHLY], 7);
        ck_assert_uint_eq(policy->count[POLICY_KEEP_YEARLY], POLICY_ALL);
        ck_assert_uint_eq(policy->min_keep, 3);
        ck_assert(set->remove_uncopied);
        ck_assert_uint_eq(set->remove_max_percent, 100);
        ck_assert_int_eq(set->expect_every_usec, 26 * USEC_PER_HOUR);
        ck_assert_int_eq(set->future_tolerance_usec, 0);
        ck_assert_int_eq(set->on_change, CONFIG_ON_CHANGE_VERSION);
        ck_assert_int_eq(set->trash_usec, 7 * USEC_PER_DAY);
        ck_assert_str_eq(set->listing, "/l/a");

        ck_assert_uint_eq(set->n_copies, 2);
        ck_assert_str_eq(set->copies[1]->name, "c");
        copy = set->copies[0];
        ck_assert_str_eq(copy->to, "/t u");
        ck_assert_int_eq(copy->max_age_usec, 2 * USEC_PER_DAY);
        ck_assert_uint_eq(copy->policy.rules, 1U << POLICY_KEEP_LAST | 1U << POLICY_KEEP_WITHIN_YEARLY);
        ck_assert_uint_eq(copy->policy.min_keep, 0);
        ck_assert_uint_eq(copy->remove_max_percent, 0);
        ck_assert_int_eq(copy->trash_usec, USEC_INFINITY);
        ck_assert_int_eq(copy->verify, CONFIG_VERIFY_WRITTEN);
        ck_assert_int_eq(copy->metadata, CONFIG_METADATA_BEST_EFFORT);
        ck_assert_str_eq(copy->listing, "/l/b");

        ck_assert_uint_eq(config_origin(&copy->section, CONFIG_SECTION_COPY, "To")->line, 2);
        ck_assert_str_eq(config_origin(&set->section, CONFIG_SECTION_SET, "Source")->file, "f");
        ck_assert_ptr_null(config_origin(&set->section, CONFIG_SECTION_SET, "KeepLast")->file);
        ck_assert_uint_eq(set->section.origin.line, 12);
}
END_TEST

START_TEST(test_override) {
        static const char script[] = "@f\n[set a]\nSource=/s\nKeepFor=3d\nKeepLast=5\nExclude=one\nSettle=5s\n"
                                     "Listing=/l\nTimeZone=UTC\nPattern=a%s*\n"
                                     "@g\n[set a]\nKeepFor=5d\nKeepLast=\nExclude=two three\nSettle=\"\"\nListing=\n"
                                     "TimeZone=\nPattern=b%s*\n"
                                     "@g\n[set a]\nKeepFor=6d\nInclude=x\nInclude= \nInclude=y\nPattern=\n"
                                     "[copy a/b]\nTo=/t\nMaxAge=1h\n@h\n[copy a/b]\nMaxAge=\n";
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};
        const struct ConfigSet *set;

        ck_assert_int_eq(build(script, &problems, &config), 0);
        set = config->sets[0];
        ck_assert_uint_eq(set->policy.rules, 1U << POLICY_KEEP_FOR);
        ck_assert_int_eq(set->policy.span[POLICY_KEEP_FOR].days, 6);
        ck_assert_uint_eq(strv_length(set->exclude), 3);
        ck_assert_str_eq(set->exclude[0], "one");
        ck_assert_str_eq(set->exclude[2], "three");
        ck_assert_uint_eq(strv_length(set->include), 1);
        ck_assert_str_eq(set->include[0], "y");
        ck_assert_uint_eq(strv_length(set->pattern), 0);
        ck_assert_int_eq(set->settle_usec, USEC_PER_MINUTE);
        ck_assert_ptr_null(set->listing);
        ck_assert_ptr_null(set->time_zone);
        ck_assert_int_eq(set->copies[0]->max_age_usec, USEC_INFINITY);
        ck_assert_uint_eq(strv_length(config->files), 4);
}
END_TEST

START_TEST(test_builder_problems) {
        static const struct {
                const char *script;
                const char *expected[3];
        } rows[] = {
                {"@f", {"f: error: no [set …] section: nothing to do"}},
                {"", {"error: no [set …] section: nothing to do"}},
                {"@f\n[daemon]", {"f: error: no [set …] section: nothing to do"}},
                {"@f\nKeepFor=3d\nLanguage=x\nFoo=1\n[set a]\nSource=/s",
                 {"f:1: error: KeepFor= stands before any section; write [set …] or [copy …] above it",
                  "f:2: error: Language= stands before any section; write [daemon] above it",
                  "f:3: error: Foo= stands before any section; write [set NAME] above it"}},
                /* A new file begins outside of any section. */
                {"@f\n[set a]\nSource=/s\n@g\nKeepFor=3d", {"g:1: error: KeepFor= stands before any section"}},
                {"@f\n[set a]\nSource=/s\n=x", {"f:3: error: there is no key before the ="}},
                {"@f\n[set a]\nSource=/s\nKeepDayly=3",
                 {"f:3: error: unknown key KeepDayly=, did you mean KeepDaily=?"}},
                {"@f\n[set a]\nSource=/s\nkeepdaily=3",
                 {"f:3: error: unknown key keepdaily=, did you mean KeepDaily=?"}},
                {"@f\n[set a]\nSource=/s\nFrobnicate=3",
                 {"f:3: error: unknown key Frobnicate= in [set a]; retaind.conf(5) lists what there is"}},
                {"@f\n[set a]\nSource=/s\n[copy a/b]\nTo=/t\nSorce=/x",
                 {"f:5: error: unknown key Sorce=, did you mean Source= of [set …]?"}},
                {"@f\n[set a]\nSource=/s\n[copy a/b]\nTo=/t\nSource=/x",
                 {"f:5: error: Source= belongs in [set …], not in [copy a/b]"}},
                {"@f\n[set a]\nSource=/s\nTo=/t", {"f:3: error: To= belongs in [copy …], not in [set a]"}},
                {"@f\n[set a]\nSource=/s\n[daemon]\nMinKeep=1",
                 {"f:4: error: MinKeep= belongs in [set …] or [copy …], not in [daemon]"}},
                {"@f\n[set a]\nSource=/s\nKeepFor=3d\nKeepFor=4d",
                 {"f:4: error: KeepFor= is already set on line 3; keep one of the two"}},
                {"@f\n[set a]\nSource=/s\nKeepFor=\nKeepFor=4d",
                 {"f:4: error: KeepFor= is already set on line 3; keep one of the two"}},
                {"@f\n[set a]\nSource=/s\nKeepFor=3\nKeepFor=4d",
                 {"f:3: error: KeepFor=3: ", "f:4: error: KeepFor= is already set on line 3"}},
                {"@f\n[set a]\nSource=/s\n[daemon]\n[set  a]\nKeepFor=3d",
                 {"f:4: error: [set a] is already on line 1; join the two"}},
                {"@f\n[daemon]\n[daemon]\n[set a]\nSource=/s", {"f:2: error: [daemon] is already on line 1"}},
                /* Keys of a section that nobody knows say nothing more, and what it may have been is not missing. */
                {"@f\n[sett a]\nFoo=1\n[copy a/b]\nTo=/t",
                 {"f:1: error: unknown section [sett], did you mean [set NAME]?"}},
                {"@f\n[set a]\nKeepFor=3d", {"f:1: error: [set a] has no Source="}},
                {"@f\n[set a]\nSource=", {"f:1: error: [set a] has no Source="}},
                {"@f\n[set a]\nSource=/s\n@g\n[set a]\nSource=", {"f:1: error: [set a] has no Source="}},
                {"@f\n[set a]\nSource=s", {"f:2: error: Source=s: a path must be absolute"}},
                {"@f\n[set a]\nSource=/s\n[copy a/b]\nMaxAge=3d", {"f:3: error: [copy a/b] has no To="}},
                {"@f\n[set valcann]\nSource=/s\n[copy valcan/b]\nTo=/t",
                 {"f:3: error: [copy valcan/b] belongs to no set: there is no [set valcan], did you mean [set "
                  "valcann]?"}},
                {"@f\n[set a]\nSource=/s\n[copy other/b]\nTo=/t",
                 {"f:3: error: [copy other/b] belongs to no set: there is no [set other]"}},
                {"@f\n[copy other/b]\nTo=/t",
                 {"f:1: error: [copy other/b] belongs to no set: there is no [set other]",
                  "f: error: no [set …] section: nothing to do"}},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                struct Problems problems = {};

                ck_assert_int_eq(build(rows[i].script, &problems, &config), CONFIG_E_INVALID);
                ck_assert_ptr_null(config);
                assert_problems(&problems, rows[i].expected, ELEMENTSOF(rows[i].expected), rows[i].script);
                problems_done(&problems);
        }
}
END_TEST

START_TEST(test_contradictions) {
        static const struct {
                const char *script;
                const char *expected[2]; /* none: all is well */
        } rows[] = {
                {"[set a]\nSource=/s\n[set b]\nSource=/s/",
                 {"f:4: error: Source=/s: the same as Source=/s of [set a] (f:2): two sets cannot share a source"}},
                {"[set a]\nSource=/s\n[set b]\nSource=/s/x",
                 {"f:4: error: Source=/s/x: lies in Source=/s of [set a] (f:2): sources must not overlap; take another "
                  "source, or say Recursive=no for the outer one"}},
                {"[set a]\nSource=/s/x\n[set b]\nSource=/s",
                 {"f:4: error: Source=/s: contains Source=/s/x of [set a] (f:2): sources must not overlap"}},
                {"[set a]\nSource=/s\nRecursive=no\n[set b]\nSource=/s/x", {}},
                {"[set a]\nSource=/s\nRecursive=no\n[set b]\nSource=/s\nRecursive=no",
                 {"f:5: error: Source=/s: the same as Source=/s of [set a]"}},
                {"[set a]\nSource=/s\n[set b]\nSource=/sx", {}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/s/t",
                 {"f:4: error: To=/s/t: lies in Source=/s of [set a] (f:2): copies must lie outside of every source"}},
                {"[set a]\nSource=/s\nRecursive=no\n[copy a/b]\nTo=/s/t",
                 {"f:5: error: To=/s/t: lies in Source=/s of [set a] (f:2): copies must lie outside of every source"}},
                {"[set a]\nSource=/s/x\n[copy a/b]\nTo=/s",
                 {"f:4: error: To=/s: contains Source=/s/x of [set a] (f:2): copies must lie outside"}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/s",
                 {"f:4: error: To=/s: the same as Source=/s of [set a] (f:2)"}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/t\n[set c]\nSource=/t/x",
                 {"f:6: error: Source=/t/x: lies in To=/t of [copy a/b] (f:4): copies must lie outside"}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/t\n[copy a/c]\nTo=/t",
                 {"f:6: error: To=/t: the same as To=/t of [copy a/b] (f:4): each destination needs a directory of its "
                  "own"}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/t\n[set c]\nSource=/u\n[copy c/d]\nTo=/t/x",
                 {"f:8: error: To=/t/x: lies in To=/t of [copy a/b] (f:4): destinations must not lie in one another"}},
                {"[set a]\nSource=/s\nListing=/s",
                 {"f:3: error: Listing=/s: the same as Source=/s of [set a] (f:2): a "
                  "listing is a file, this is a directory"}},
                {"[set a]\nSource=/s/x\nListing=/s", {"f:3: error: Listing=/s: contains Source=/s/x of [set a]"}},
                {"[set a]\nSource=/s\nListing=/s/list", {}},
                {"[set a]\nSource=/s\nListing=/l\n[copy a/b]\nTo=/t\nListing=/l",
                 {"f:6: error: Listing=/l: the same as Listing=/l of [set a] (f:3): two listings cannot be one file"}},
                {"[set a]\nSource=/s\nListing=/l\n[copy a/b]\nTo=/t\nListing=/l/x",
                 {"f:6: error: Listing=/l/x: lies in Listing=/l of [set a] (f:3): a listing is a file"}},
                {"[set a]\nSource=/s\n[copy a/b]\nTo=/t\nListing=/t",
                 {"f:5: error: Listing=/t: the same as To=/t of [copy a/b] (f:4): a listing is a file"}},
                {"[set a]\nSource=/s\nListing=/t\n[copy a/b]\nTo=/t",
                 {"f:5: error: To=/t: the same as Listing=/t of [set a] (f:3): a listing is a file"}},
                {"[set a]\nSource=/s\nSettle=1h\n[copy a/b]\nTo=/t\nMaxAge=59min",
                 {"f:6: error: MaxAge= of [copy a/b] is shorter than Settle= of [set a]: no backup would ever be young "
                  "enough to be copied"}},
                {"[set a]\nSource=/s\nSettle=1h\n[copy a/b]\nTo=/t\nMaxAge=1h", {}},
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(config_freep) struct Config *config = NULL;
                struct Problems problems = {};
                char script[256];

                snprintf(script, sizeof(script), "@f\n%s", rows[i].script);
                ck_assert_int_eq(build(script, &problems, &config), rows[i].expected[0] ? CONFIG_E_INVALID : 0);
                assert_problems(&problems, rows[i].expected, ELEMENTSOF(rows[i].expected), rows[i].script);
                problems_done(&problems);
        }
}
END_TEST

/* As the command line builds one: without lines, under a name of its own. */
START_TEST(test_command_line) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Problems problems = {};

        ck_assert_int_eq(config_builder_new(&problems, &builder), 0);
        ck_assert_int_eq(config_builder_begin_file(builder, "command line"), 0);
        ck_assert_int_eq(config_builder_section(builder, "set cli", 0), 0);
        ck_assert_int_eq(config_builder_assign(builder, "Source", "/s", 0), 0);
        ck_assert_int_eq(config_builder_assign(builder, "KeepFor", "3", 0), 0);
        ck_assert_int_eq(config_builder_section(builder, "copy cli/to", 0), 0);
        ck_assert_int_eq(config_builder_assign(builder, "To", "/s/t", 0), 0);
        ck_assert_int_eq(config_builder_check(builder), 0);
        ck_assert_int_eq(config_builder_take(builder, &config), CONFIG_E_INVALID);
        assert_problems(&problems,
                        (const char *[]){"command line: error: KeepFor=3: ",
                                         "command line: error: To=/s/t: lies in Source=/s of [set cli] (command line): "
                                         "copies must lie outside"},
                        2, "command line");
        problems_done(&problems);
}
END_TEST

START_TEST(test_bounds) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        struct Problems problems = {};
        char text[64];

        ck_assert_int_eq(config_builder_new(&problems, &builder), 0);
        ck_assert_int_eq(config_builder_begin_file(builder, "f"), 0);
        for (unsigned i = 0; i < CONFIG_SECTIONS_MAX; i++) {
                snprintf(text, sizeof(text), "set s%u", i);
                ck_assert_int_eq(config_builder_section(builder, text, i + 1), 0);
                snprintf(text, sizeof(text), "/s%u", i);
                ck_assert_int_eq(config_builder_assign(builder, "Source", text, i + 1), 0);
        }
        ck_assert_uint_eq(problems_n_lines(&problems), 0);
        ck_assert_int_eq(config_builder_section(builder, "daemon", 5000), 0);
        assert_problems(&problems, (const char *[]){"f:5000: error: more than 1000 sections"}, 1, "sections");
        problems_done(&problems);

        ck_assert_int_eq(config_builder_begin_file(builder, "g"), 0);
        ck_assert_int_eq(config_builder_section(builder, "set s0", 1), 0);
        for (unsigned i = 0; i <= CONFIG_LIST_MAX; i++)
                ck_assert_int_eq(config_builder_assign(builder, "Include", "x", i + 2), 0);
        assert_problems(&problems, (const char *[]){"g:1002: error: Include=x: more than 1000 items together"}, 1,
                        "items");
        problems_done(&problems);
}
END_TEST

START_TEST(test_table) {
        const struct ConfigKey *keys;
        size_t n;

        keys = config_keys(&n);
        for (size_t i = 0; i < n; i++) {
                ck_assert_ptr_eq(config_key_find(keys[i].section, keys[i].name), &keys[i]);
                ck_assert_uint_eq(config_key_index(&keys[i]), i);
                if (keys[i].type == CONFIG_TYPE_RULE_COUNT || keys[i].type == CONFIG_TYPE_RULE_SPAN)
                        ck_assert_str_eq(keys[i].name, policy_rule_name(keys[i].rule));
        }
        ck_assert_ptr_null(config_key_find(CONFIG_SECTION_DAEMON, "Source"));
        ck_assert_ptr_null(config_copy_free(NULL));
        ck_assert_ptr_null(config_set_free(NULL));
        ck_assert_ptr_null(config_free(NULL));
        ck_assert_ptr_null(config_builder_free(NULL));
}
END_TEST

int main(void) {
        return test_run("config",
                        (const TTest *[]){test_unquote, test_split, test_split_bounded, test_path, test_path_bounded,
                                          test_strv, test_header, test_refused_values, test_long_texts, test_defaults,
                                          test_every_key, test_override, test_builder_problems, test_contradictions,
                                          test_command_line, test_bounds, test_table, NULL});
}
