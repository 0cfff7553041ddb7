/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one place where lines go to standard error. Whoever is at its other end may
 * have stopped reading: a program that ends by itself waits for it, the daemon
 * does not. There, a line that finds no room is lost; how many were is the first
 * that is said when there is room again.
 */

#include "lib/base.h"

/* Waits no more for room in a pipe or a socket. */
void line_never_wait(void);

/* The line with its newline. -EAGAIN: it found no room, and was counted. */
int line_write(const char *line, size_t n);
