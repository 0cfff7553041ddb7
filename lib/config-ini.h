/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * INI text to the builder, through libinih.
 *
 * libinih, as Debian builds it, changes meaning silently: it splits long lines,
 * cuts values at " ;", joins indented lines to the key before, cuts the names of
 * sections, and says nothing of a section without keys. So each line is looked
 * at here before libinih sees it; what libinih would not take for what it says
 * is refused by name, and a blank line handed on in its place. Sections are told
 * to the builder and lines are counted here, not by libinih.
 */

#include "lib/base.h"
#include "lib/config-build.h"
#include "lib/problem.h"

/* What Debian's libinih takes in one line and as the name of a section. */
#define CONFIG_INI_LINE_MAX 197
#define CONFIG_INI_SECTION_MAX 49

/* The builder is in a file of this name; the bytes end where n says and may be any. */
int config_ini_parse(struct ConfigBuilder *builder, const char *name, const char *text, size_t n,
                     struct Problems *problems);
