/* SPDX-License-Identifier: MIT */
#include "lib/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void problems_done(struct Problems *problems) {
        for (size_t i = 0; i < problems->n_items; i++) {
                free(problems->items[i].file);
                free(problems->items[i].message);
        }
        free(problems->items);
        *problems = (struct Problems){};
}

/* The length of the UTF-8 character at s that may be shown as it is, or 0. */
static size_t printable_length(const unsigned char *s, size_t n) {
        static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
        uint32_t c = s[0];
        size_t length;

        if (c < 0x80)
                return c >= 0x20 && c != 0x7f;
        length = c >= 0xf8 ? 0 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;
        if (length == 0 || length > n)
                return 0;

        c &= 0x7fU >> length;
        for (size_t i = 1; i < length; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }
        /* Overlong forms, C1 controls, surrogates, beyond Unicode, and the byte order mark, which cannot be seen. */
        if (c < smallest[length] || c < 0xa0 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff || c == 0xfeff)
                return 0;
        return length;
}

static char *escape(const char *text) {
        const unsigned char *s = (const unsigned char *)text;
        size_t n = strlen(text), n_out = 0;
        char *out;

        out = malloc(4 * n + 1);
        if (!out)
                return NULL;
        while (n > 0) {
                size_t length = printable_length(s, n);

                if (length > 0) {
                        memcpy(out + n_out, s, length);
                        n_out += length;
                } else {
                        length = 1;
                        n_out += (size_t)sprintf(out + n_out, "\\x%02x", *s);
                }
                s += length;
                n -= length;
        }
        out[n_out] = '\0';
        return out;
}

static int make_room(struct Problems *problems) {
        struct Problem *items;

        /* Doubling, by the count alone: room is there unless the count is a power of two. */
        if (problems->n_items & (problems->n_items - 1))
                return 0;
        items = reallocarray(problems->items, problems->n_items ? 2 * problems->n_items : 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        problems->items = items;
        return 0;
}

static int fill(struct Problem *problem, const char *file, const char *message) {
        _cleanup_(freep) char *escaped = NULL;

        if (file) {
                escaped = escape(file);
                if (!escaped)
                        return -ENOMEM;
        }
        problem->message = escape(message);
        if (!problem->message)
                return -ENOMEM;
        problem->file = TAKE_PTR(escaped);
        return 0;
}

int problems_add(struct Problems *problems, enum ProblemSeverity severity, const char *file, unsigned line,
                 const char *format, ...) {
        struct Problem problem = {.severity = severity, .line = line};
        char message[PROBLEM_TEXT_MAX + sizeof("...")];
        va_list ap;
        int r;

        if (problems->n_items < PROBLEMS_MAX) {
                r = make_room(problems);
                if (r < 0)
                        return r;

                va_start(ap, format);
                r = vsnprintf(message, PROBLEM_TEXT_MAX + 1, format, ap);
                va_end(ap);
                if (r > PROBLEM_TEXT_MAX)
                        memcpy(message + PROBLEM_TEXT_MAX, "...", sizeof("..."));

                r = fill(&problem, file, message);
                if (r < 0)
                        return r;
                problems->items[problems->n_items++] = problem;
        } else
                problems->n_dropped++;

        if (severity == PROBLEM_ERROR)
                problems->n_errors++;
        return 0;
}

size_t problems_n_lines(const struct Problems *problems) {
        return problems->n_items + (problems->n_dropped > 0);
}

int problems_format_line(const struct Problems *problems, size_t i, char **ret) {
        const struct Problem *problem = &problems->items[i];
        char line[16] = "";
        char *text;
        int r;

        if (i == problems->n_items)
                r = asprintf(&text, "and %zu more problems", problems->n_dropped);
        else {
                if (problem->line > 0)
                        snprintf(line, sizeof(line), ":%u", problem->line);
                r = asprintf(&text, "%s%s%s%s: %s", strempty(problem->file), line, problem->file ? ": " : "",
                             problem->severity == PROBLEM_ERROR ? "error" : "warning", problem->message);
        }
        if (r < 0)
                return -ENOMEM;
        *ret = text;
        return 0;
}
