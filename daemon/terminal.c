/* SPDX-License-Identifier: MIT */
#include "daemon/terminal.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "lib/text.h"

#define WIDTH_MIN 60 /* a table narrower than this would show nothing */

static size_t columns = SIZE_MAX;
static bool has_colour;

void terminal_init(void) {
        struct winsize size;
        const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR"), *wanted = getenv("COLUMNS");
        unsigned long n = wanted ? strtoul(wanted, NULL, 10) : 0;

        if (!isatty(STDOUT_FILENO))
                return;
        if (n == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                n = size.ws_col;
        columns = n > 0 && n < 10000 ? MAX(n, (unsigned long)WIDTH_MIN) : 80;
        has_colour = term && !streq(term, "dumb") && (!no_colour || !*no_colour);
}

size_t terminal_width(void) {
        return columns;
}

const char *terminal_colour(enum Colour colour) {
        static const char *const sequences[_COLOUR_MAX] = {
                [COLOUR_NONE] = "\033[0m",   [COLOUR_BOLD] = "\033[1m",    [COLOUR_DIM] = "\033[2m",
                [COLOUR_GREEN] = "\033[32m", [COLOUR_YELLOW] = "\033[33m", [COLOUR_RED] = "\033[31m",
        };

        return has_colour ? sequences[colour] : "";
}

/* The width of one character; a locale that does not know it shows something one column wide. */
static size_t character_width(const char *s, size_t n) {
        mbstate_t state = {};
        wchar_t c;
        int width;

        if (n == 1 || mbrtowc(&c, s, n, &state) != n)
                return 1;
        width = wcwidth(c);
        return width < 0 ? 1 : (size_t)width;
}

/* How many bytes of s fit into width columns. */
static size_t fit(const char *s, size_t n, size_t width, size_t *ret_width) {
        size_t used = 0, i = 0;

        while (i < n) {
                size_t length = MAX(text_utf8_length(s + i, n - i), (size_t)1);
                size_t w = character_width(s + i, length);

                if (used + w > width)
                        break;
                used += w;
                i += length;
        }
        *ret_width = used;
        return i;
}

size_t terminal_text_width(const char *s, size_t n) {
        size_t width;

        fit(s, n, SIZE_MAX, &width);
        return width;
}

/* Where the last width columns of s begin. */
static size_t fit_end(const char *s, size_t n, size_t width, size_t *ret_width) {
        size_t total = terminal_text_width(s, n), skipped = 0, i = 0;

        while (i < n && total - skipped > width) {
                size_t length = MAX(text_utf8_length(s + i, n - i), (size_t)1);

                skipped += character_width(s + i, length);
                i += length;
        }
        *ret_width = total - skipped;
        return i;
}

void terminal_print_name(const char *s, size_t n, size_t width) {
        size_t used, used_end, fits = fit(s, n, width, &used), end;

        if (fits == n) {
                terminal_print(s, n, width, true);
                return;
        }
        fits = fit(s, n, (width - 1) / 3, &used);
        end = fit_end(s, n, width - 1 - used, &used_end);
        printf("%.*s…%.*s%*s", (int)fits, s, (int)(n - end), s + end, (int)(width - 1 - used - used_end), "");
}

void terminal_print(const char *s, size_t n, size_t width, bool pad) {
        size_t used, fits = fit(s, n, width, &used);

        if (fits < n && width > 0) {
                fits = fit(s, n, width - 1, &used);
                printf("%.*s…", (int)fits, s);
                used++;
        } else
                printf("%.*s", (int)fits, s);
        if (pad && used < width)
                printf("%*s", (int)(width - used), "");
}
