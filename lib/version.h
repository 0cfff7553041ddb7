/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The name that content gets at a destination where its own is taken by other
 * content: NAME.20261120T030405Z~, after its modification time.
 */

#include "lib/base.h"

#define VERSION_NAME_MAX 255 /* bytes; every file system we know of holds that many */

/* NAME is cut where the whole would be too long, never within a UTF-8 character. n_name is 1 to 255. */
void version_name(const char *name, size_t n_name, int64_t mtime_usec, char buf[static VERSION_NAME_MAX + 1]);
