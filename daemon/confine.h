/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A worker gives up what its job does not need: with Landlock it can reach two
 * directories and nothing else, whatever a file name or a bug makes of it.
 */

#include "lib/base.h"

/* What is below the first may be read, and written too where said; what is below the second may be written. -1: none.
 * 0 also where the kernel has no Landlock, or too old a one to rename between directories (before Linux 5.19). */
int confine_to(int source, bool is_source_writable, int destination);

/* Below the daemon's and everybody's I/O, and with as many descriptors as a batch needs. Hints: they may fail. */
void confine_be_modest(void);
