/* SPDX-License-Identifier: MIT */
#include "lib/config-equal.h"

#include "lib/config-keys.h"

static bool text_equal(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

static bool list_equal(char *const *a, char *const *b) {
        if (strv_length(a) != strv_length(b))
                return false;
        for (size_t i = 0; a && a[i]; i++)
                if (!streq(a[i], b[i]))
                        return false;
        return true;
}

static bool rule_equal(const struct Policy *a, const struct Policy *b, enum PolicyRule rule) {
        const struct Span *x = &a->span[rule], *y = &b->span[rule];

        return policy_has(a, rule) == policy_has(b, rule) && a->count[rule] == b->count[rule] && x->years == y->years &&
               x->months == y->months && x->days == y->days && x->usec == y->usec;
}

static bool hours_equal(const struct Hours *a, const struct Hours *b) {
        for (size_t i = 0; i < a->n && i < b->n; i++)
                if (a->from[i] != b->from[i] || a->to[i] != b->to[i])
                        return false;
        return a->n == b->n;
}

static bool field_equal(const struct ConfigKey *key, const void *a, const void *b) {
        switch (key->type) {
        case CONFIG_TYPE_BOOL:
                return *(const bool *)a == *(const bool *)b;
        case CONFIG_TYPE_COUNT:
        case CONFIG_TYPE_PERCENT:
                return *(const uint32_t *)a == *(const uint32_t *)b;
        case CONFIG_TYPE_ENUM:
                return *(const int *)a == *(const int *)b;
        case CONFIG_TYPE_RATE:
        case CONFIG_TYPE_SPAN:
                return memcmp(a, b, sizeof(int64_t)) == 0;
        case CONFIG_TYPE_GLOBS:
        case CONFIG_TYPE_PATTERNS:
                return list_equal(*(char *const *const *)a, *(char *const *const *)b);
        case CONFIG_TYPE_LOCALE:
        case CONFIG_TYPE_PATH:
        case CONFIG_TYPE_ZONE:
                return text_equal(*(char *const *)a, *(char *const *)b);
        case CONFIG_TYPE_RULE_COUNT:
        case CONFIG_TYPE_RULE_SPAN:
                return rule_equal(a, b, key->rule);
        case CONFIG_TYPE_HOURS:
                break;
        }
        return hours_equal(a, b);
}

static bool section_equal(enum ConfigSectionKind section, const void *a, const void *b) {
        const struct ConfigKey *keys;
        size_t n;

        keys = config_keys(&n);
        for (size_t i = 0; i < n; i++)
                if (keys[i].section == section &&
                    !field_equal(&keys[i], (const char *)a + keys[i].offset, (const char *)b + keys[i].offset))
                        return false;
        return true;
}

bool config_set_equal(const struct ConfigSet *a, const struct ConfigSet *b) {
        if (!streq(a->name, b->name) || a->n_copies != b->n_copies || !section_equal(CONFIG_SECTION_SET, a, b))
                return false;
        for (size_t i = 0; i < a->n_copies; i++)
                if (!streq(a->copies[i]->name, b->copies[i]->name) ||
                    !section_equal(CONFIG_SECTION_COPY, a->copies[i], b->copies[i]))
                        return false;
        return true;
}
