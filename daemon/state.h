/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The state directory: $STATE_DIRECTORY where systemd sets it, else
 * /var/lib/retaind. One process at a time works with it.
 */

#include "lib/base.h"

/* The path, to be freed; NULL without memory. */
char *state_path(void);

/*
 * Makes the directory where it is missing, and takes its lock, which ends with the descriptor. Where that fails it
 * is said, with the process that has it: -EBUSY then.
 */
int state_lock(const char *path, int *ret_fd);
