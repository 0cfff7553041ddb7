/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The configuration from its files: the main one, then the drop-ins in the byte
 * order of their names. Every problem of every file is found in one go; with an
 * error among them there is no configuration.
 *
 * For one without a file, the command line's, there is config_finish().
 */

#include "lib/base.h"
#include "lib/config-build.h"
#include "lib/config-zone.h"
#include "lib/config.h"
#include "lib/problem.h"

#define CONFIG_FILE_MAX (1024 * 1024)
#define CONFIG_DROPINS_MAX 1000

/*
 * dropins may be NULL; where that directory is missing there are none. CONFIG_E_INVALID with the problems to tell
 * why; where 0 is returned, problems may hold warnings.
 */
int config_read(const char *path, const char *dropins, const struct ConfigPlaces *places, struct Problems *problems,
                struct Config **ret);

/* The same of bytes in memory, as one file of this name. */
int config_read_text(const char *name, const char *text, size_t n, const struct ConfigPlaces *places,
                     struct Problems *problems, struct Config **ret);

/* The end of every building: the checks, the zones, then the configuration or CONFIG_E_INVALID. */
int config_finish(struct ConfigBuilder *builder, const struct ConfigPlaces *places, struct Problems *problems,
                  struct Config **ret);
