/* SPDX-License-Identifier: MIT */
#include "lib/config-ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct Reader {
        struct ConfigBuilder *builder;
        struct Problems *problems;
        const char *name;
        const char *text; /* what is left */
        size_t n;
        unsigned line;
        int error; /* nothing can go on */
};

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* The next line without its end, which is LF, CR LF, or that of the file. */
static const char *take_line(struct Reader *reader, size_t *ret_n) {
        const char *line = reader->text;
        const char *end = memchr(line, '\n', reader->n);
        size_t n = end ? (size_t)(end - line) : reader->n;
        size_t n_taken = end ? n + 1 : n;

        reader->text += n_taken;
        reader->n -= n_taken;
        reader->line++;
        if (n > 0 && line[n - 1] == '\r')
                n--;
        *ret_n = n;
        return line;
}

/* Whether a comment seems to follow the value: libinih would keep "#…" in it, and cut it at ";", quotes or not. */
static const char *find_comment(const char *value, size_t n) {
        char quote = '\0';

        for (size_t i = 0; i < n; i++) {
                bool begins = i == 0 || is_blank(value[i - 1]);
                bool alone = i + 1 == n || is_blank(value[i + 1]);

                if (value[i] == ';' && begins && (i > 0 || alone))
                        return "\" ;\" would end the value, even inside quotes; comments stand on lines of their own, "
                               "and in a name ? can stand for ;";
                if (quote != '\0') {
                        if (quote == '"' && value[i] == '\\')
                                i++;
                        else if (value[i] == quote)
                                quote = '\0';
                } else if (begins && (value[i] == '"' || value[i] == '\''))
                        quote = value[i];
                else if (value[i] == '#' && begins && (i > 0 || alone))
                        return "a comment after a value would become part of it; comments stand on lines of their "
                               "own, and a # that is meant goes in quotes";
        }
        return NULL;
}

static const char *check_header(const char *line, size_t n) {
        const char *end = memchr(line, ']', n);

        if (!end)
                return "the section's name is not closed; write ] at its end";
        if (end + 1 < line + n)
                for (const char *s = end + 1; s < line + n; s++)
                        if (!is_blank(*s))
                                return "there is text after the ]; keys and comments stand on lines of their own";
        if (end - line - 1 > CONFIG_INI_SECTION_MAX)
                return "between [ and ] libinih keeps 49 characters only; choose shorter names";
        if (memchr(line, ';', (size_t)(end - line)))
                return "a ; cannot be in the name of a section";
        return NULL;
}

static const char *check_assignment(const char *line, size_t n) {
        size_t at = 0;

        while (at < n && line[at] != '=' && line[at] != ':')
                at++;
        if (at == n)
                return "neither a key with its value nor a section; write KEY=VALUE";
        if (line[at] == ':')
                return "a colon after the key; write KEY=VALUE";
        if (memchr(line, ';', at))
                return "a ; cannot be in a key; a comment begins with it at the start of a line";
        return find_comment(line + at + 1, n - at - 1);
}

/* What keeps a line that is neither blank nor a comment from being read as what it says; NULL if nothing does. */
static const char *check_line(const char *line, size_t n, size_t limit) {
        if (is_blank(line[0]))
                return "an indented line, which would be read as a part of the key before it; begin it in the first "
                       "column";
        if (n >= strlen(BYTE_ORDER_MARK) && memcmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
                return "an invisible byte order mark at the start of this line; delete it";
        for (size_t i = 0; i < n; i++)
                if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
                        return "a control character in the line; delete it";
        if (n > limit)
                return "the line is longer than the 197 characters that libinih reads; give a list over several lines, "
                       "a path by a shorter way";
        return line[0] == '[' ? check_header(line, n) : check_assignment(line, n);
}

/* Looks at a line; what is left of it is for libinih, and is nothing where it is blank, a comment, or refused. */
static int look(struct Reader *reader, const char *line, size_t *n, size_t limit) {
        _cleanup_(freep) char *header = NULL;
        bool is_comment;
        const char *why;
        size_t i = 0;

        while (i < *n && is_blank(line[i]))
                i++;
        is_comment = i == *n || line[i] == '#' || line[i] == ';';
        if (!is_comment)
                why = check_line(line, *n, limit);
        else
                /* Ends of lines that are a CR alone would make one comment of all that follows. */
                why = memchr(line, '\r', *n) ? "a carriage return within the line; end lines by a line feed" : NULL;

        if (why) {
                if (is_comment || line[i] == '[')
                        config_builder_lose_section(reader->builder);
                *n = 0;
                return problems_add(reader->problems, PROBLEM_ERROR, reader->name, reader->line, "%s", why);
        }
        if (is_comment) {
                *n = 0;
                return 0;
        }
        if (line[0] != '[')
                return 0;

        header = strndup(line + 1, strcspn(line + 1, "]"));
        if (!header)
                return -ENOMEM;
        return config_builder_section(reader->builder, header, reader->line);
}

/* fgets() as libinih calls it. */
static char *read_line(char *buf, int n_buf, void *stream) {
        struct Reader *reader = stream;
        const char *line;
        size_t n, limit;

        if (reader->error < 0 || reader->n == 0)
                return NULL;

        /* libinih wants room for CR, LF and NUL; should it have less than Debian's, less is what it gets. */
        limit = n_buf > 3 ? (size_t)n_buf - 3 : 0;
        line = take_line(reader, &n);
        reader->error = look(reader, line, &n, MIN(limit, (size_t)CONFIG_INI_LINE_MAX));
        if (reader->error < 0)
                return NULL;

        memcpy(buf, line, n);
        memcpy(buf + n, "\n", 2);
        return buf;
}

static int handle(void *userdata, const char *section, const char *key, const char *value) {
        struct Reader *reader = userdata;

        (void)section; /* the builder is in it */
        reader->error = config_builder_assign(reader->builder, key, value, reader->line);
        return reader->error == 0;
}

int config_ini_parse(struct ConfigBuilder *builder, const char *name, const char *text, size_t n,
                     struct Problems *problems) {
        struct Reader reader = {.builder = builder, .problems = problems, .name = name, .text = text, .n = n};

        if (n >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
                reader.text += strlen(BYTE_ORDER_MARK);
                reader.n -= strlen(BYTE_ORDER_MARK);
        }
        /* Its own result counts lines with errors, of which the problems tell more. */
        ini_parse_stream(read_line, &reader, handle, &reader);
        return reader.error;
}
