/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What standard output is: how wide, whether it takes colour; and how wide text
 * stands on it.
 */

#include "lib/base.h"

enum Colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_DIM, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_RED, _COLOUR_MAX };

/* Looks at standard output once; before it, no colour and no limit of width. */
void terminal_init(void);
/* Columns; SIZE_MAX where there is no terminal, and so no reason to cut anything. */
size_t terminal_width(void);
/* The sequence that switches to the colour, "" where there are none. COLOUR_NONE switches back. */
const char *terminal_colour(enum Colour colour);

/* Columns that printable UTF-8 takes. */
size_t terminal_text_width(const char *s, size_t n);

/* Prints at most width columns, the end of what is longer replaced by "…", what is shorter padded if asked. */
void terminal_print(const char *s, size_t n, size_t width, bool pad);
/* A file's name, padded; of a long one the middle is left out, because its date is near the end. */
void terminal_print_name(const char *s, size_t n, size_t width);
