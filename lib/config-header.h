/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What stands between the brackets of a section header, taken apart: "daemon",
 * "set NAME", "copy SET/NAME".
 */

#include "lib/base.h"
#include "lib/config-keys.h"
#include "lib/config-value.h"

struct ConfigHeader {
        enum ConfigSectionKind kind;
        char set[CONFIG_NAME_MAX + 1];        /* of a set or a copy */
        char copy[CONFIG_NAME_MAX + 1];       /* of a copy, else empty */
        char label[2 * CONFIG_NAME_MAX + 16]; /* as it should be written: "copy valcann/nas" */
};

/* CONFIG_E_VALUE with why filled in where it is no header. */
int config_header_parse(const char *text, struct ConfigHeader *ret, char why[static CONFIG_WHY_MAX]);
