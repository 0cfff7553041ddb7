/* SPDX-License-Identifier: MIT */
#include "lib/config-equal.h"

#include "lib/config-build.h"
#include "lib/config-keys.h"
#include "lib/config-read.h"
#include "lib/problem.h"
#include "tests/test.h"

/* One set with one destination, and one key more in one of the sections. */
static struct Config *make(enum ConfigSectionKind section, const char *key, const char *value) {
        static const char *const headers[] = {
                [CONFIG_SECTION_DAEMON] = "daemon", [CONFIG_SECTION_SET] = "set a", [CONFIG_SECTION_COPY] = "copy a/b"};
        static const char *const required[] = {
                [CONFIG_SECTION_DAEMON] = NULL, [CONFIG_SECTION_SET] = "Source", [CONFIG_SECTION_COPY] = "To"};
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        struct Problems problems = {};
        struct Config *config = NULL;

        ck_assert_int_eq(config_builder_new(&problems, &builder), 0);
        ck_assert_int_eq(config_builder_begin_file(builder, "f"), 0);
        for (enum ConfigSectionKind s = 0; s < _CONFIG_SECTION_MAX; s++) {
                ck_assert_int_eq(config_builder_section(builder, headers[s], 1), 0);
                if (required[s] && !(s == section && streq(key, required[s])))
                        ck_assert_int_eq(
                                config_builder_assign(builder, required[s], s == CONFIG_SECTION_SET ? "/s" : "/t", 2),
                                0);
                if (s == section)
                        ck_assert_int_eq(config_builder_assign(builder, key, value, 3), 0);
        }
        ck_assert_int_eq(config_finish(builder, NULL, &problems, &config), 0);
        problems_done(&problems);
        return config;
}

/* Two values that differ, for every type of key. */
static const char *value_of(const struct ConfigKey *key, bool other) {
        switch (key->type) {
        case CONFIG_TYPE_BOOL:
                return other ? "yes" : "no";
        case CONFIG_TYPE_COUNT:
        case CONFIG_TYPE_RULE_COUNT:
                return other ? "7" : "8";
        case CONFIG_TYPE_PERCENT:
                return other ? "7%" : "8%";
        case CONFIG_TYPE_ENUM:
                return key->words[other];
        case CONFIG_TYPE_RATE:
                return other ? "7M" : "8M";
        case CONFIG_TYPE_SPAN:
        case CONFIG_TYPE_RULE_SPAN:
                return other ? "7d" : "8d";
        case CONFIG_TYPE_GLOBS:
                return other ? "*.a *.b" : "*.a *.c";
        case CONFIG_TYPE_PATTERNS:
                return other ? "%F" : "%F x%F";
        case CONFIG_TYPE_LOCALE:
                return other ? "pt_BR" : "";
        case CONFIG_TYPE_PATH:
                return other ? "/x" : "/y";
        case CONFIG_TYPE_ZONE:
                return other ? "Europe/Berlin" : "Europe/Paris";
        case CONFIG_TYPE_HOURS:
                return other ? "02:00-06:00" : "02:00-06:00 08:00-09:00";
        }
        return NULL;
}

START_TEST(every_key_makes_a_difference) {
        const struct ConfigKey *keys;
        size_t n;

        keys = config_keys(&n);
        for (size_t i = 0; i < n; i++) {
                _cleanup_(config_freep) struct Config *a =
                        make(keys[i].section, keys[i].name, value_of(&keys[i], false));
                _cleanup_(config_freep) struct Config *b =
                        make(keys[i].section, keys[i].name, value_of(&keys[i], true));
                _cleanup_(config_freep) struct Config *c =
                        make(keys[i].section, keys[i].name, value_of(&keys[i], true));
                bool is_daemon = keys[i].section == CONFIG_SECTION_DAEMON;

                ck_assert_msg(config_set_equal(a->sets[0], b->sets[0]) == is_daemon, "%s", keys[i].name);
                ck_assert_msg(config_set_equal(b->sets[0], c->sets[0]), "%s", keys[i].name);
        }
}
END_TEST

START_TEST(hours_and_names_make_one_too) {
        _cleanup_(config_freep) struct Config *a = make(CONFIG_SECTION_SET, "ActiveHours", "02:00-06:00");
        _cleanup_(config_freep) struct Config *b = make(CONFIG_SECTION_SET, "ActiveHours", "02:00-07:00");

        ck_assert(!config_set_equal(a->sets[0], b->sets[0]));
        b->sets[0]->active_hours = a->sets[0]->active_hours;
        ck_assert(config_set_equal(a->sets[0], b->sets[0]));
        b->sets[0]->copies[0]->name[0] = 'c';
        ck_assert(!config_set_equal(a->sets[0], b->sets[0]));
        b->sets[0]->name[0] = 'c';
        ck_assert(!config_set_equal(a->sets[0], b->sets[0]));
}
END_TEST

int main(void) {
        return test_run("config-equal", (const TTest *[]){
                                                every_key_makes_a_difference,
                                                hours_and_names_make_one_too,
                                                NULL,
                                        });
}
