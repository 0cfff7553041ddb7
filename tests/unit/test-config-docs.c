/* SPDX-License-Identifier: MIT */

/*
 * The table of keys, conf/retaind.conf and retaind.conf(5) say the same: the
 * same keys, each once, in the same sections, with the same defaults. And what
 * they give as examples is accepted.
 */

#include "lib/config-build.h"
#include "lib/config-ini.h"
#include "lib/config-keys.h"
#include "lib/os.h"
#include "tests/test.h"

#include <stdio.h>

static const char *source_root = SOURCE_ROOT;

static char *read_document(const char *name) {
        _cleanup_(freep) char *path = NULL;
        char *text = NULL;
        size_t n;

        ck_assert_int_ge(asprintf(&path, "%s/%s", source_root, name), 0);
        ck_assert_msg(os_read_file(path, 1024 * 1024, &text, &n, NULL) == 0, "%s cannot be read", path);
        return text;
}

/* Which of the table's keys a document has told of. */
struct Seen {
        const char *document;
        bool *keys;
};

static void seen_init(struct Seen *seen, const char *document) {
        size_t n;

        config_keys(&n);
        seen->document = document;
        seen->keys = calloc(n, sizeof(bool));
}

static void seen_add(struct Seen *seen, int section, const char *name, const char *value) {
        const struct ConfigKey *key;

        ck_assert_msg(section >= 0, "%s: %s= stands in no section", seen->document, name);
        key = config_key_find(section, name);
        ck_assert_msg(key, "%s: the table has no %s= in [%s]", seen->document, name, config_section_kind_name(section));
        ck_assert_msg(streq(value, key->fallback), "%s: the default of %s= in [%s] is \"%s\" and not \"%s\"",
                      seen->document, name, config_section_kind_name(section), key->fallback, value);
        ck_assert_msg(!seen->keys[config_key_index(key)], "%s: %s= of [%s] is there twice", seen->document, name,
                      config_section_kind_name(section));
        seen->keys[config_key_index(key)] = true;
}

static void seen_done(struct Seen *seen) {
        const struct ConfigKey *keys;
        size_t n;

        keys = config_keys(&n);
        for (size_t i = 0; i < n; i++)
                ck_assert_msg(seen->keys[i], "%s: %s= of [%s] is missing", seen->document, keys[i].name,
                              config_section_kind_name(keys[i].section));
        free(seen->keys);
}

/* The section whose name in brackets begins here, compared by lower case; -1: none. */
static int section_at(const char *text) {
        for (int kind = 0; kind < _CONFIG_SECTION_MAX; kind++) {
                const char *name = config_section_kind_name(kind);
                size_t n = strlen(name);

                if (text[0] == '[' && strncasecmp(text + 1, name, n) == 0 && (text[n + 1] == ']' || text[n + 1] == ' '))
                        return kind;
        }
        return -1;
}

START_TEST(test_conf) {
        _cleanup_(freep) char *text = read_document("conf/retaind.conf");
        struct Seen seen;
        int section = -1;
        char *rest;

        seen_init(&seen, "retaind.conf");
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *equals = strchr(line, '=');

                ck_assert_msg(line[0] == '#', "retaind.conf sets something: %s", line);
                if (line[1] == '[') {
                        section = section_at(line + 1);
                        ck_assert_msg(section >= 0, "retaind.conf: unknown section %s", line);
                } else if (ascii_is_alpha(line[1])) {
                        ck_assert_msg(equals, "retaind.conf: neither comment nor key: %s", line);
                        *equals = '\0';
                        seen_add(&seen, section, line + 1, equals + 1);
                } else
                        ck_assert_msg(line[1] == ' ' || line[1] == '\0', "retaind.conf: neither comment nor key: %s",
                                      line);
        }
        seen_done(&seen);
}
END_TEST

/* A line of roff as it is read: what this page uses of escapes is taken out. */
static void unescape(char *line) {
        char *out = line;

        for (char *s = line; *s; s++) {
                if (*s != '\\')
                        *out++ = *s;
                else if (s[1] == '-' || s[1] == 'e') {
                        *out++ = s[1] == 'e' ? '\\' : '-';
                        s++;
                } else if (s[1] == 'f')
                        s += 2;
                else if (strncmp(s, "\\(dq", 4) == 0) {
                        *out++ = '"';
                        s += 3;
                } else
                        ck_abort_msg("retaind.conf(5): an escape that this test does not know: %s", s);
        }
        *out = '\0';
}

START_TEST(test_man) {
        _cleanup_(freep) char *text = read_document("man/retaind.conf.5");
        bool is_tag = false;
        struct Seen seen;
        int section = -1;
        char *rest;

        seen_init(&seen, "retaind.conf(5)");
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (strncmp(line, ".SH ", 4) == 0)
                        section = section_at(line + 4);
                if (is_tag && section >= 0) {
                        char *equals = strchr(line, '=');

                        ck_assert_msg(strncmp(line, "\\fB", 3) == 0 && equals && strncmp(equals, "=\\fR", 4) == 0,
                                      "retaind.conf(5): no key after .TP or .TQ: %s", line);
                        *equals = '\0';
                        unescape(equals + 1);
                        seen_add(&seen, section, line + 3, equals + 1);
                }
                is_tag = streq(line, ".TP") || streq(line, ".TQ");
        }
        seen_done(&seen);
}
END_TEST

/* One example of the page, from below its .EX to its .EE, as a file of its own. */
static void read_example(struct ConfigBuilder *builder, char *text, struct Problems *problems) {
        ck_assert_int_eq(config_builder_begin_file(builder, "example"), 0);
        unescape(text);
        ck_assert_int_eq(config_ini_parse(builder, "example", text, strlen(text), problems), 0);
}

/* Those under EXAMPLES are complete; read one after the other, the last, a drop-in, finds the set it belongs to. */
START_TEST(test_man_examples) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *text = read_document("man/retaind.conf.5");
        char *at = strstr(text, "\n.SH EXAMPLES\n");
        struct Problems problems = {};
        unsigned n = 0;

        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(config_builder_new(&problems, &builder), 0);
        while ((at = strstr(at, "\n.EX\n"))) {
                char *end = strstr(at, "\n.EE\n");

                ck_assert_ptr_nonnull(end);
                *end = '\0';
                read_example(builder, at + strlen("\n.EX\n"), &problems);
                at = end + 1;
                n++;
        }
        ck_assert_int_eq(config_builder_check(builder), 0);
        for (size_t i = 0; i < problems_n_lines(&problems); i++) {
                _cleanup_(freep) char *line = NULL;

                ck_assert_int_eq(problems_format_line(&problems, i, &line), 0);
                ck_abort_msg("retaind.conf(5): %s", line);
        }
        ck_assert_int_eq(config_builder_take(builder, &config), 0);
        ck_assert_uint_ge(n, 5);
        ck_assert_uint_eq(config->n_sets, n - 1);
}
END_TEST

/* The file as shipped asks for a set and for nothing else; with every key uncommented, nothing changes. */
START_TEST(test_conf_is_accepted) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *shipped = NULL, *uncommented = NULL;
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *text = read_document("conf/retaind.conf");
        struct Problems problems = {};
        char *rest;

        ck_assert_int_eq(config_builder_new(&problems, &shipped), 0);
        ck_assert_int_eq(config_builder_begin_file(shipped, "f"), 0);
        ck_assert_int_eq(config_ini_parse(shipped, "f", text, strlen(text), &problems), 0);
        ck_assert_int_eq(config_builder_check(shipped), 0);
        ck_assert_uint_eq(problems_n_lines(&problems), 1);
        ck_assert_str_eq(problems.items[0].message, "no [set …] section: nothing to do");
        problems_done(&problems);

        ck_assert_int_eq(config_builder_new(&problems, &uncommented), 0);
        ck_assert_int_eq(config_builder_begin_file(uncommented, "f"), 0);
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (line[1] == '[' || ascii_is_alpha(line[1]))
                        ck_assert_int_eq(config_ini_parse(uncommented, "f", line + 1, strlen(line + 1), &problems), 0);
        ck_assert_int_eq(config_builder_begin_file(uncommented, "g"), 0);
        ck_assert_int_eq(config_builder_section(uncommented, "set NAME", 1), 0);
        ck_assert_int_eq(config_builder_assign(uncommented, "Source", "/s", 2), 0);
        ck_assert_int_eq(config_builder_section(uncommented, "copy NAME/DESTINATION", 3), 0);
        ck_assert_int_eq(config_builder_assign(uncommented, "To", "/t", 4), 0);
        ck_assert_int_eq(config_builder_check(uncommented), 0);
        ck_assert_uint_eq(problems_n_lines(&problems), 0);
        ck_assert_int_eq(config_builder_take(uncommented, &config), 0);
        ck_assert_uint_eq(config->sets[0]->policy.rules, 0);
        ck_assert_uint_eq(strv_length(config->sets[0]->exclude), 4);
}
END_TEST

int main(int argc, char **argv) {
        if (argc > 1)
                source_root = argv[1];
        return test_run("config-docs",
                        (const TTest *[]){test_conf, test_man, test_man_examples, test_conf_is_accepted, NULL});
}
