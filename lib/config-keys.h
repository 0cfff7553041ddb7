/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The table of keys: which there are, in which section, of which type, their
 * defaults as text, and where in the structs they go. The only place that knows:
 * retaind.conf, retaind.conf(5) and the reader are held against it by tests.
 */

#include "lib/base.h"
#include "lib/config-value.h"
#include "lib/config.h"
#include "lib/policy.h"

enum ConfigSectionKind { CONFIG_SECTION_DAEMON, CONFIG_SECTION_SET, CONFIG_SECTION_COPY, _CONFIG_SECTION_MAX };

enum ConfigType {
        CONFIG_TYPE_BOOL,
        CONFIG_TYPE_COUNT,
        CONFIG_TYPE_ENUM,  /* an int-sized enum, by its words in order */
        CONFIG_TYPE_GLOBS, /* list */
        CONFIG_TYPE_HOURS, /* struct Hours */
        CONFIG_TYPE_LOCALE,
        CONFIG_TYPE_PATH,
        CONFIG_TYPE_PATTERNS, /* list; config-build compiles them */
        CONFIG_TYPE_PERCENT,
        CONFIG_TYPE_RATE,
        CONFIG_TYPE_RULE_COUNT, /* one rule of a struct Policy */
        CONFIG_TYPE_RULE_SPAN,
        CONFIG_TYPE_SPAN, /* int64_t of microseconds */
        CONFIG_TYPE_ZONE,
};

struct ConfigKey {
        const char *name;
        const char *fallback; /* the default, as it would stand in a file; "": none */
        enum ConfigSectionKind section;
        enum ConfigType type;
        size_t offset; /* in struct Config, ConfigSet or ConfigCopy */
        bool required;
        bool empty_item; /* of a list: "" may be an item, which makes a list of nothing */
        union {
                struct {
                        const char *min, *max; /* of a span, both allowed; max NULL: also infinity */
                };
                const char *const *words; /* of an enum, NULL-terminated */
                enum PolicyRule rule;
        };
};

#define CONFIG_WHY_MAX 512

const struct ConfigKey *config_keys(size_t *ret_n);
const struct ConfigKey *config_key_find(enum ConfigSectionKind section, const char *name) _pure_;
/* Its place in the table, and so in struct ConfigSection's origins. */
size_t config_key_index(const struct ConfigKey *key) _pure_;
const char *config_section_kind_name(enum ConfigSectionKind kind) _const_;

static inline bool config_key_is_list(const struct ConfigKey *key) {
        return key->type == CONFIG_TYPE_GLOBS || key->type == CONFIG_TYPE_PATTERNS;
}

/*
 * Puts what the text says into the object, the section's struct. An empty text is the default; append adds to a
 * list instead of replacing it. CONFIG_E_VALUE: the text is not of the type, the object is as before.
 */
int config_key_apply(const struct ConfigKey *key, void *object, const char *text, bool append,
                     char why[static CONFIG_WHY_MAX]);

/* Where a key of this section was said. */
const struct ConfigOrigin *config_origin(const struct ConfigSection *section, enum ConfigSectionKind kind,
                                         const char *name) _pure_;
