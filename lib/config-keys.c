/* SPDX-License-Identifier: MIT */
#include "lib/config-keys.h"

#include <errno.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/name.h"
#include "lib/span.h"

static const char *const watch_words[] = {
        [CONFIG_WATCH_AUTO] = "auto",
        [CONFIG_WATCH_INOTIFY] = "inotify",
        [CONFIG_WATCH_POLL] = "poll",
        [_CONFIG_WATCH_MAX] = NULL,
};
static const char *const age_from_words[] = {
        [CONFIG_AGE_FROM_AUTO] = "auto",   [CONFIG_AGE_FROM_NAME] = "name", [CONFIG_AGE_FROM_MODIFIED] = "modified",
        [CONFIG_AGE_FROM_BIRTH] = "birth", [_CONFIG_AGE_FROM_MAX] = NULL,
};
static const char *const on_change_words[] = {
        [CONFIG_ON_CHANGE_ALARM] = "alarm",
        [CONFIG_ON_CHANGE_VERSION] = "version",
        [_CONFIG_ON_CHANGE_MAX] = NULL,
};
static const char *const verify_words[] = {
        [CONFIG_VERIFY_READBACK] = "readback",
        [CONFIG_VERIFY_WRITTEN] = "written",
        [_CONFIG_VERIFY_MAX] = NULL,
};
static const char *const metadata_words[] = {
        [CONFIG_METADATA_STRICT] = "strict",
        [CONFIG_METADATA_BEST_EFFORT] = "best-effort",
        [_CONFIG_METADATA_MAX] = NULL,
};

/* After the name come the default and what else there is to say of the key, as initialisers. */
#define KEY(where, what, member, key, ...)                                                                             \
        {                                                                                                              \
                .section = CONFIG_SECTION_##where, .type = CONFIG_TYPE_##what, .offset = member, .name = key,          \
                .fallback = __VA_ARGS__                                                                                \
        }
#define DAEMON(member, what, ...) KEY(DAEMON, what, offsetof(struct Config, member), __VA_ARGS__)
#define SET(member, what, ...) KEY(SET, what, offsetof(struct ConfigSet, member), __VA_ARGS__)
#define COPY(member, what, ...) KEY(COPY, what, offsetof(struct ConfigCopy, member), __VA_ARGS__)

/* A set and a destination have the same rules. */
#define RULES(SECTION)                                                                                                 \
        SECTION(policy, RULE_SPAN, "KeepFor", "", .rule = POLICY_KEEP_FOR),                                            \
                SECTION(policy, RULE_COUNT, "KeepLast", "", .rule = POLICY_KEEP_LAST),                                 \
                SECTION(policy, RULE_COUNT, "KeepHourly", "", .rule = POLICY_KEEP_HOURLY),                             \
                SECTION(policy, RULE_COUNT, "KeepDaily", "", .rule = POLICY_KEEP_DAILY),                               \
                SECTION(policy, RULE_COUNT, "KeepWeekly", "", .rule = POLICY_KEEP_WEEKLY),                             \
                SECTION(policy, RULE_COUNT, "KeepMonthly", "", .rule = POLICY_KEEP_MONTHLY),                           \
                SECTION(policy, RULE_COUNT, "KeepYearly", "", .rule = POLICY_KEEP_YEARLY),                             \
                SECTION(policy, RULE_SPAN, "KeepWithin", "", .rule = POLICY_KEEP_WITHIN),                              \
                SECTION(policy, RULE_SPAN, "KeepWithinHourly", "", .rule = POLICY_KEEP_WITHIN_HOURLY),                 \
                SECTION(policy, RULE_SPAN, "KeepWithinDaily", "", .rule = POLICY_KEEP_WITHIN_DAILY),                   \
                SECTION(policy, RULE_SPAN, "KeepWithinWeekly", "", .rule = POLICY_KEEP_WITHIN_WEEKLY),                 \
                SECTION(policy, RULE_SPAN, "KeepWithinMonthly", "", .rule = POLICY_KEEP_WITHIN_MONTHLY),               \
                SECTION(policy, RULE_SPAN, "KeepWithinYearly", "", .rule = POLICY_KEEP_WITHIN_YEARLY),                 \
                SECTION(policy.min_keep, COUNT, "MinKeep", "1"),                                                       \
                SECTION(remove_max_percent, PERCENT, "RemoveMax", "50%"), SECTION(trash_usec, SPAN, "Trash", "0s")

static const struct ConfigKey table[] = {
        DAEMON(bandwidth_max, RATE, "BandwidthMax", "infinity"),
        DAEMON(language, LOCALE, "Language", ""),

        SET(source, PATH, "Source", "", .required = true),
        SET(recursive, BOOL, "Recursive", "yes"),
        SET(one_file_system, BOOL, "OneFileSystem", "yes"),
        SET(include, GLOBS, "Include", "*"),
        SET(exclude, GLOBS, "Exclude", "*.part *.tmp *.partial .*", .empty_item = true),
        SET(settle_usec, SPAN, "Settle", "1min", .max = "30d"),
        SET(watch, ENUM, "Watch", "auto", .words = watch_words),
        SET(poll_interval_usec, SPAN, "PollInterval", "1min", .min = "1s", .max = "30d"),
        SET(reconcile_interval_usec, SPAN, "ReconcileInterval", "1h", .min = "1min", .max = "30d"),
        SET(active_hours, HOURS, "ActiveHours", ""),
        SET(age_from, ENUM, "AgeFrom", "auto", .words = age_from_words),
        SET(time_zone, ZONE, "TimeZone", ""),
        SET(pattern, PATTERNS, "Pattern", ""),
        RULES(SET),
        SET(remove_uncopied, BOOL, "RemoveUncopied", "no"),
        SET(expect_every_usec, SPAN, "ExpectEvery", "", .min = "1s"),
        SET(future_tolerance_usec, SPAN, "FutureTolerance", "1d", .max = "1y"),
        SET(on_change, ENUM, "OnChange", "alarm", .words = on_change_words),
        SET(listing, PATH, "Listing", ""),

        COPY(to, PATH, "To", "", .required = true),
        COPY(max_age_usec, SPAN, "MaxAge", "infinity", .min = "1s"),
        RULES(COPY),
        COPY(verify, ENUM, "Verify", "readback", .words = verify_words),
        COPY(metadata, ENUM, "Metadata", "strict", .words = metadata_words),
        COPY(listing, PATH, "Listing", ""),
};

const struct ConfigKey *config_keys(size_t *ret_n) {
        *ret_n = ELEMENTSOF(table);
        return table;
}

const struct ConfigKey *config_key_find(enum ConfigSectionKind section, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (table[i].section == section && streq(table[i].name, name))
                        return &table[i];
        return NULL;
}

size_t config_key_index(const struct ConfigKey *key) {
        return (size_t)(key - table);
}

const char *config_section_kind_name(enum ConfigSectionKind kind) {
        static const char *const names[_CONFIG_SECTION_MAX] = {
                [CONFIG_SECTION_DAEMON] = "daemon",
                [CONFIG_SECTION_SET] = "set",
                [CONFIG_SECTION_COPY] = "copy",
        };

        return names[kind];
}

const struct ConfigOrigin *config_origin(const struct ConfigSection *section, enum ConfigSectionKind kind,
                                         const char *name) {
        return &section->origins[config_key_index(config_key_find(kind, name))];
}

/* From here on: 0, CONFIG_E_VALUE with *ret_why or why filled in, or -ENOMEM. */

static int refuse(char why[static CONFIG_WHY_MAX], const char *text) {
        snprintf(why, CONFIG_WHY_MAX, "%s", text);
        return CONFIG_E_VALUE;
}

/* What span says of a text begins with its verb. */
static int refuse_value(char why[static CONFIG_WHY_MAX], const char *text) {
        snprintf(why, CONFIG_WHY_MAX, "the value %s", text);
        return CONFIG_E_VALUE;
}

static int apply_enum(const struct ConfigKey *key, int *field, const char *text, char why[static CONFIG_WHY_MAX]) {
        size_t n = 0;

        for (int i = 0; key->words[i]; i++)
                if (streq(text, key->words[i])) {
                        *field = i;
                        return 0;
                }

        for (size_t i = 0; key->words[i]; i++)
                n += (size_t)snprintf(why + n, CONFIG_WHY_MAX - n, "%s%s",
                                      i == 0              ? "write "
                                      : key->words[i + 1] ? ", "
                                                          : " or ",
                                      key->words[i]);
        return CONFIG_E_VALUE;
}

/* A bound of the table, which holds nothing that cannot be parsed. */
static int64_t bound(const char *text, int64_t otherwise) {
        struct Span span;

        return text && span_parse(text, &span) == 0 ? span_usec(&span) : otherwise;
}

static int apply_span(const struct ConfigKey *key, int64_t *field, const char *text, char why[static CONFIG_WHY_MAX]) {
        struct Span span = {.usec = USEC_INFINITY};
        int64_t usec;
        int r;

        /* Only where the default is none: nothing is expected, there is no limit. */
        if (*text) {
                r = span_parse(text, &span);
                if (r > 0)
                        return refuse_value(why, span_error_text(r));
        }
        usec = span_usec(&span);
        if (usec < bound(key->min, 0) || usec > bound(key->max, USEC_INFINITY)) {
                snprintf(why, CONFIG_WHY_MAX, "write a time span %s%s%s%s%s", key->min ? "of at least " : "",
                         strempty(key->min), key->min && key->max ? " and " : "", key->max ? "of at most " : "",
                         strempty(key->max));
                return CONFIG_E_VALUE;
        }
        *field = usec;
        return 0;
}

static void set_rule(struct Policy *policy, enum PolicyRule rule, bool there) {
        if (there)
                policy->rules |= UINT32_C(1) << rule;
        else
                policy->rules &= ~(UINT32_C(1) << rule);
}

static int apply_rule_span(const struct ConfigKey *key, struct Policy *policy, const char *text,
                           char why[static CONFIG_WHY_MAX]) {
        struct Span span = {};
        int r;

        if (*text) {
                r = span_parse(text, &span);
                if (r > 0)
                        return refuse_value(why, span_error_text(r));
                /* Read as "no rule" it would keep everything, read as a rule hardly anything: nobody may guess. */
                if (span_usec(&span) == 0)
                        return refuse(why,
                                      "a span of nothing; write at least 1s, or leave the value empty for no rule");
        }
        policy->span[key->rule] = span;
        set_rule(policy, key->rule, *text);
        return 0;
}

static int apply_rule_count(const struct ConfigKey *key, struct Policy *policy, const char *text,
                            char why[static CONFIG_WHY_MAX]) {
        const char *reason;
        uint32_t n = 0;
        int r;

        if (streq(text, "all"))
                n = POLICY_ALL;
        else if (*text) {
                r = config_value_count(text, &n, &reason);
                if (r > 0) {
                        snprintf(why, CONFIG_WHY_MAX, "%s, or all", reason);
                        return r;
                }
        }
        policy->count[key->rule] = n;
        set_rule(policy, key->rule, n > 0);
        return 0;
}

static int apply_rate(uint64_t *field, const char *text, char why[static CONFIG_WHY_MAX]) {
        uint64_t bytes = UINT64_MAX;
        int r;

        if (!streq(text, "infinity")) {
                r = size_parse(text, &bytes);
                if (r > 0)
                        return refuse_value(why, size_error_text(r));
                if (bytes < 1024)
                        return refuse(why, "bytes a second, at least 1K; infinity is no limit");
        }
        *field = bytes;
        return 0;
}

static int apply_hours(struct Hours *field, const char *text, char why[static CONFIG_WHY_MAX]) {
        _cleanup_(strv_freep) Strv items = NULL;
        struct Hours hours = {};
        const char *reason;
        int r;

        r = config_value_split(text, &items, &reason);
        if (r > 0)
                return refuse(why, reason);
        for (size_t i = 0; r == 0 && items && items[i]; i++) {
                r = hours_add(&hours, items[i]);
                if (r > 0)
                        return refuse(why, hours_error_text(r));
        }
        if (r == 0)
                *field = hours;
        return r;
}

/* Texts that stay text; empty is NULL. */
static int apply_text(const struct ConfigKey *key, char **field, const char *text, char why[static CONFIG_WHY_MAX]) {
        const char *reason = NULL;
        char *value = NULL;
        int r = 0;

        if (*text) {
                if (key->type == CONFIG_TYPE_PATH)
                        r = config_value_path(text, &value, &reason);
                else {
                        reason = key->type == CONFIG_TYPE_ZONE ? config_value_check_zone(text)
                                                               : config_value_check_locale(text);
                        if (!reason) {
                                value = strdup(text);
                                r = value ? 0 : -ENOMEM;
                        }
                }
        }
        if (reason)
                return refuse(why, reason);
        if (r < 0)
                return r;
        free(*field);
        *field = value;
        return 0;
}

static int check_item(const struct ConfigKey *key, const char *item, const char **ret_why) {
        struct NamePattern *pattern;
        int r;

        if (!*item && !key->empty_item) {
                *ret_why = "an empty item matches nothing";
                return CONFIG_E_VALUE;
        }
        if (key->type == CONFIG_TYPE_GLOBS) {
                *ret_why = config_value_check_glob(item);
                return *ret_why ? CONFIG_E_VALUE : 0;
        }
        r = name_pattern_new(item, &pattern, ret_why);
        if (r == 0)
                name_pattern_free(pattern);
        return r;
}

static int apply_list(const struct ConfigKey *key, Strv *field, const char *text, bool append,
                      char why[static CONFIG_WHY_MAX]) {
        _cleanup_(strv_freep) Strv items = NULL;
        const char *reason;
        int r;

        r = config_value_split(text, &items, &reason);
        if (r > 0)
                return refuse(why, reason);
        if (r < 0)
                return r;
        if (append && strv_length(*field) + strv_length(items) > CONFIG_LIST_MAX)
                return refuse(why, "more than 1000 items together");
        for (size_t i = 0; items && items[i]; i++) {
                r = check_item(key, items[i], &reason);
                if (r > 0)
                        snprintf(why, CONFIG_WHY_MAX, "%.200s%s%.200s", items[i], *items[i] ? ": " : "", reason);
                if (r != 0)
                        return r;
        }

        if (append)
                return strv_consume_all(field, &items);
        strv_free(*field);
        *field = TAKE_PTR(items);
        return 0;
}

static int apply(const struct ConfigKey *key, void *field, const char *text, bool append,
                 char why[static CONFIG_WHY_MAX]) {
        const char *reason;
        int r = 0;

        switch (key->type) {
        case CONFIG_TYPE_BOOL:
                r = config_value_bool(text, field, &reason);
                break;
        case CONFIG_TYPE_COUNT:
                r = config_value_count(text, field, &reason);
                break;
        case CONFIG_TYPE_PERCENT:
                r = config_value_percent(text, field, &reason);
                break;
        case CONFIG_TYPE_ENUM:
                return apply_enum(key, field, text, why);
        case CONFIG_TYPE_HOURS:
                return apply_hours(field, text, why);
        case CONFIG_TYPE_LOCALE:
        case CONFIG_TYPE_PATH:
        case CONFIG_TYPE_ZONE:
                return apply_text(key, field, text, why);
        case CONFIG_TYPE_RATE:
                return apply_rate(field, text, why);
        case CONFIG_TYPE_RULE_COUNT:
                return apply_rule_count(key, field, text, why);
        case CONFIG_TYPE_RULE_SPAN:
                return apply_rule_span(key, field, text, why);
        case CONFIG_TYPE_SPAN:
                return apply_span(key, field, text, why);
        case CONFIG_TYPE_GLOBS:
        case CONFIG_TYPE_PATTERNS:
                return apply_list(key, field, text, append, why);
        }
        return r > 0 ? refuse(why, reason) : r;
}

int config_key_apply(const struct ConfigKey *key, void *object, const char *text, bool append,
                     char why[static CONFIG_WHY_MAX]) {
        _cleanup_(freep) char *value = NULL;
        void *field = (char *)object + key->offset;
        const char *reason;
        int r;

        if (config_key_is_list(key)) {
                if (text[strspn(text, " \t")])
                        return apply(key, field, text, append, why);
                return apply(key, field, key->fallback, false, why);
        }

        r = config_value_unquote(text, &value, &reason);
        if (r > 0)
                return refuse(why, reason);
        if (r < 0)
                return r;
        return apply(key, field, *value ? value : key->fallback, false, why);
}
