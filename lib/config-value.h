/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the text of a value may be, one function for each kind: quotes, lists,
 * paths, names, numbers. Knows nothing of keys.
 *
 * Where a text is refused, *ret_why says why and how to mend it. Whatever is
 * accepted is safe to use as what it is: no path is relative, none has a
 * component to walk back by, no name needs escaping.
 */

#include "lib/base.h"
#include "lib/config.h"

#define CONFIG_COUNT_MAX 1000000
#define CONFIG_LIST_MAX 1000
#define CONFIG_NAME_MAX 64
#define CONFIG_PATH_MAX 4095
#define CONFIG_COMPONENT_MAX 255

enum {
        CONFIG_E_VALUE = 1,
};

/* A scalar: quotes around the whole are taken off, "…" with its escapes \" and \\; else it is what it is. */
int config_value_unquote(const char *text, char **ret, const char **ret_why);
/* A list: items apart by blanks, each quoted or not. */
int config_value_split(const char *text, Strv *ret, const char **ret_why);

/* Absolute, and returned without doubled or trailing slashes. */
int config_value_path(const char *text, char **ret, const char **ret_why);
int config_value_bool(const char *text, bool *ret, const char **ret_why);
/* Digits alone, up to CONFIG_COUNT_MAX. */
int config_value_count(const char *text, uint32_t *ret, const char **ret_why);
int config_value_percent(const char *text, unsigned *ret, const char **ret_why);

/* NULL where the text is what it should be, else why it is not. */
const char *config_value_check_glob(const char *text) _pure_;
const char *config_value_check_zone(const char *text) _pure_;
const char *config_value_check_locale(const char *text) _pure_;

/* Of a set or a destination. */
bool config_value_is_name(const char *text) _pure_;
