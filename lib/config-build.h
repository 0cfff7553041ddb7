/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Makes a struct Config of sections, keys and texts, wherever they come from:
 *
 *     config_builder_new()
 *       config_builder_begin_file()      "retaind.conf", or "command line"
 *         config_builder_section()       "set valcann"
 *           config_builder_assign()      "KeepFor", "3d"
 *     config_builder_check()             what contradicts what
 *     config_builder_take()
 *
 * Within one file nothing may be said twice; a later file may open a section
 * again, and then its scalars override and its lists append. What is refused
 * goes to the problems and the building goes on: the functions return 0 then,
 * and a negative errno only where nothing can go on.
 */

#include "lib/base.h"
#include "lib/config.h"
#include "lib/problem.h"

#define CONFIG_SECTIONS_MAX 1000

enum {
        CONFIG_E_INVALID = 1, /* the problems hold an error, so there is no configuration */
};

struct ConfigBuilder;

/* The problems stay the caller's and must live as long as the builder. */
int config_builder_new(struct Problems *problems, struct ConfigBuilder **ret);
struct ConfigBuilder *config_builder_free(struct ConfigBuilder *builder);
DEFINE_CLEANUP(struct ConfigBuilder *, config_builder_free)

int config_builder_begin_file(struct ConfigBuilder *builder, const char *name);
/* What is between the brackets. Lines count from 1; 0 is no line, as on the command line. */
int config_builder_section(struct ConfigBuilder *builder, const char *text, unsigned line);
int config_builder_assign(struct ConfigBuilder *builder, const char *key, const char *text, unsigned line);
/*
 * A section header that could not be read: the keys that follow are nobody's. A file that could not be: likewise,
 * what is missing is no longer reported as missing.
 */
void config_builder_lose_section(struct ConfigBuilder *builder);

/* To be called once, after the last file. */
int config_builder_check(struct ConfigBuilder *builder);
/* What was built so far, for who has more to fill in or to check. */
struct Config *config_builder_config(struct ConfigBuilder *builder) _pure_;
/* CONFIG_E_INVALID where there is any error among the problems. */
int config_builder_take(struct ConfigBuilder *builder, struct Config **ret);
