/* SPDX-License-Identifier: MIT */

/*
 * Any bytes as a configuration. Either there are errors, which can be printed,
 * or a configuration of which everything holds that config.h and config-check
 * promise. And what was accepted, libinih by itself reads as exactly the
 * sections, keys and values that the lines say.
 */

#include "lib/config-header.h"
#include "lib/config-ini.h"
#include "lib/config-read.h"
#include "lib/config-value.h"

#include <ini.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds) {
        if (!holds)
                abort();
}

static void check_path(const char *path) {
        _cleanup_(freep) char *again = NULL;
        const char *why;

        expect(config_value_path(path, &again, &why) == 0);
        expect(streq(path, again));
}

static bool contains(const char *outer, const char *inner) {
        size_t n = strlen(outer);

        return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

static void check_policy(const struct Policy *policy) {
        for (int rule = 0; rule < _POLICY_RULE_MAX; rule++) {
                bool is_span = rule == POLICY_KEEP_FOR || rule >= POLICY_KEEP_WITHIN;

                if (policy_has(policy, rule))
                        expect(is_span ? span_usec(&policy->span[rule]) > 0
                                       : policy->count[rule] == POLICY_ALL ||
                                                 (policy->count[rule] >= 1 && policy->count[rule] <= CONFIG_COUNT_MAX));
        }
        expect(policy->min_keep <= CONFIG_COUNT_MAX);
}

static void check_copy(const struct Config *config, const struct ConfigSet *set, const struct ConfigCopy *copy) {
        expect(config_value_is_name(copy->name));
        check_path(copy->to);
        if (copy->listing)
                check_path(copy->listing);
        check_policy(&copy->policy);
        expect(copy->remove_max_percent <= 100);
        expect(copy->max_age_usec >= set->settle_usec);
        for (size_t i = 0; i < config->n_sets; i++) {
                const struct ConfigSet *other = config->sets[i];

                expect(!contains(copy->to, other->source) && !contains(other->source, copy->to));
                for (size_t j = 0; j < other->n_copies; j++)
                        expect(other->copies[j] == copy || !contains(copy->to, other->copies[j]->to));
        }
}

static void check_config(const struct Config *config) {
        expect(config->n_sets > 0);
        for (size_t i = 0; i < config->n_sets; i++) {
                const struct ConfigSet *set = config->sets[i];

                expect(config_value_is_name(set->name));
                check_path(set->source);
                if (set->listing)
                        check_path(set->listing);
                check_policy(&set->policy);
                expect(set->zone);
                expect(set->remove_max_percent <= 100);
                expect(set->poll_interval_usec >= USEC_PER_SEC);
                expect(set->settle_usec >= 0 && set->settle_usec <= 30 * USEC_PER_DAY);
                for (size_t j = 0; j < strv_length(set->pattern); j++)
                        expect(set->patterns[j]);
                expect(!set->patterns[strv_length(set->pattern)]);
                for (size_t j = 0; j < config->n_sets; j++)
                        expect(j == i || !contains(set->source, config->sets[j]->source) ||
                               (!set->recursive && !streq(set->source, config->sets[j]->source)));
                for (size_t j = 0; j < set->n_copies; j++)
                        check_copy(config, set, set->copies[j]);
        }
}

static void check_problems(const struct Problems *problems, size_t n_lines) {
        for (size_t i = 0; i < problems_n_lines(problems); i++) {
                _cleanup_(freep) char *line = NULL;

                expect(problems_format_line(problems, i, &line) == 0);
                for (const char *s = line; *s; s++)
                        expect((unsigned char)*s >= 0x20 && *s != 0x7f);
                if (i < problems->n_items)
                        expect(problems->items[i].line <= n_lines);
        }
}

/* The text as its lines say it, from which libinih's view must not differ. */
struct Lines {
        char *rest;
        char section[CONFIG_INI_SECTION_MAX + 1];
        char *key, *value;
};

static char *trim(char *s) {
        size_t n;

        s += strspn(s, " \t\r");
        n = strlen(s);
        while (n > 0 && strchr(" \t\r", s[n - 1]))
                s[--n] = '\0';
        return s;
}

static bool lines_next(struct Lines *lines) {
        char *line;

        while ((line = strsep(&lines->rest, "\n"))) {
                line = trim(line);
                if (*line == '[') {
                        expect(strlen(line) - 2 <= CONFIG_INI_SECTION_MAX);
                        memcpy(lines->section, line + 1, strlen(line) - 2);
                        lines->section[strlen(line) - 2] = '\0';
                } else if (*line && *line != '#' && *line != ';') {
                        lines->value = strchr(line, '=');
                        expect(lines->value);
                        *lines->value++ = '\0';
                        lines->key = trim(line);
                        lines->value = trim(lines->value);
                        return true;
                }
        }
        return false;
}

static int compare(void *userdata, const char *section, const char *key, const char *value) {
        struct Lines *lines = userdata;

        expect(lines_next(lines));
        expect(streq(section, lines->section));
        expect(streq(key, lines->key));
        expect(streq(value, lines->value));
        return 1;
}

static void check_ini(const char *text) {
        _cleanup_(freep) char *copy = strdup(text);
        struct Lines lines = {.rest = copy};

        /* A long comment is ours alone to read: it is not given to libinih. */
        for (const char *s = text; *s; s += strcspn(s, "\n"), s += *s == '\n')
                if (strcspn(s, "\n") > CONFIG_INI_LINE_MAX)
                        return;
        if (strncmp(copy, "\xef\xbb\xbf", 3) == 0)
                lines.rest += 3;
        expect(ini_parse_string(text, compare, &lines) == 0);
        expect(!lines_next(&lines));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct ConfigPlaces places = {.zones = "/nonexistent", .local_time = "/nonexistent"};
        _cleanup_(config_freep) struct Config *config = NULL;
        _cleanup_(freep) char *text = strndup((const char *)data, size);
        struct Problems problems = {};
        size_t n_lines = 1;
        int r;

        for (size_t i = 0; i < size; i++)
                n_lines += data[i] == '\n';

        r = config_read_text("f", (const char *)data, size, &places, &problems, &config);
        expect(r == 0 || r == CONFIG_E_INVALID);
        expect((r == 0) == (problems.n_errors == 0));
        expect((r == 0) == (config != NULL));
        check_problems(&problems, n_lines);
        if (config) {
                check_config(config);
                check_ini(text);
        }
        problems_done(&problems);
        return 0;
}
