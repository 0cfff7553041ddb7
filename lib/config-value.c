/* SPDX-License-Identifier: MIT */
#include "lib/config-value.h"

#include <errno.h>

#include "lib/error.h"

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static bool is_quote(char c) {
        return c == '"' || c == '\'';
}

static bool is_control(char c) {
        return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_word(char c, const char *more) {
        return ascii_is_alpha(c) || ascii_is_digit(c) || (c != '\0' && strchr(more, c));
}

/* Copies what is between the quotes at *text to out and moves *text behind the closing one. */
static const char *take_quoted(const char **text, char *out) {
        const char *s = *text;
        char quote = *s++;

        for (; *s && *s != quote; s++) {
                if (*s == '\\' && quote == '"') {
                        s++;
                        if (*s != '"' && *s != '\\')
                                return "inside double quotes a backslash stands before \" or \\ only; write \\\\ for "
                                       "a backslash, or use single quotes";
                }
                *out++ = *s;
        }
        if (!*s)
                return "the quote is not closed";
        *out = '\0';
        *text = s + 1;
        return NULL;
}

int config_value_unquote(const char *text, char **ret, const char **ret_why) {
        _cleanup_(freep) char *out = strdup(text);
        const char *why = NULL;

        if (!out)
                return -ENOMEM;
        if (is_quote(*text)) {
                why = take_quoted(&text, out);
                if (!why && *text)
                        why = "there is text after the closing quote; quote the whole value";
        }
        if (why) {
                *ret_why = why;
                return CONFIG_E_VALUE;
        }
        *ret = TAKE_PTR(out);
        return 0;
}

/* One item of a list from *text to out. */
static const char *take_item(const char **text, char *out) {
        const char *s, *why;

        if (is_quote(**text)) {
                why = take_quoted(text, out);
                if (!why && **text && !is_blank(**text))
                        why = "after a closing quote comes a space or the end; quote the whole item";
                return why;
        }
        for (s = *text; *s && !is_blank(*s); s++) {
                if (is_quote(*s))
                        return "a quote inside an item; quote the whole item, the other kind of quote stands for "
                               "itself then";
                *out++ = *s;
        }
        *out = '\0';
        *text = s;
        return NULL;
}

int config_value_split(const char *text, Strv *ret, const char **ret_why) {
        _cleanup_(strv_freep) Strv list = NULL;
        size_t n = 0;
        int r;

        for (;;) {
                _cleanup_(freep) char *item = NULL;
                const char *why;

                while (is_blank(*text))
                        text++;
                if (!*text)
                        break;

                item = malloc(strlen(text) + 1);
                if (!item)
                        return -ENOMEM;
                why = ++n > CONFIG_LIST_MAX ? "more than 1000 items" : take_item(&text, item);
                if (why) {
                        *ret_why = why;
                        return CONFIG_E_VALUE;
                }
                r = strv_consume(&list, TAKE_PTR(item));
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static const char *check_component(const char *component, size_t n) {
        if (n > CONFIG_COMPONENT_MAX)
                return "a component of the path is longer than 255 bytes";
        if ((n == 1 && component[0] == '.') || (n == 2 && component[0] == '.' && component[1] == '.'))
                return "a path has no . or .. in it; write where it leads";
        return NULL;
}

static const char *normalise_path(const char *text, char *out) {
        const char *why;
        char *start = out;

        if (text[0] == '~')
                return "~ is not replaced here; write the whole path, beginning with /";
        if (text[0] != '/')
                return "a path must be absolute, beginning with /";
        if (strlen(text) > CONFIG_PATH_MAX)
                return "the path is longer than 4095 bytes";
        for (const char *s = text; *s; s++)
                if (is_control(*s))
                        return "a control character in a path";

        for (;;) {
                size_t n;

                while (*text == '/')
                        text++;
                if (!*text)
                        break;
                n = strcspn(text, "/");
                why = check_component(text, n);
                if (why)
                        return why;
                *out++ = '/';
                memcpy(out, text, n);
                out += n;
                text += n;
        }
        if (out == start)
                return "the root directory cannot be used here; name a directory or file below it";
        *out = '\0';
        return NULL;
}

int config_value_path(const char *text, char **ret, const char **ret_why) {
        _cleanup_(freep) char *path = malloc(strlen(text) + 1);
        const char *why;

        if (!path)
                return -ENOMEM;
        why = normalise_path(text, path);
        if (why) {
                *ret_why = why;
                return CONFIG_E_VALUE;
        }
        *ret = TAKE_PTR(path);
        return 0;
}

int config_value_bool(const char *text, bool *ret, const char **ret_why) {
        if (!streq(text, "yes") && !streq(text, "no")) {
                *ret_why = "write yes or no";
                return CONFIG_E_VALUE;
        }
        *ret = text[0] == 'y';
        return 0;
}

/* The digits at *text; beyond max, anything above max. */
static uint32_t take_digits(const char **text, uint32_t max) {
        uint32_t n = 0;

        for (; ascii_is_digit(**text); (*text)++)
                n = n > max ? n : 10 * n + (uint32_t)(**text - '0');
        return n;
}

int config_value_count(const char *text, uint32_t *ret, const char **ret_why) {
        const char *end = text;
        uint32_t n = take_digits(&end, CONFIG_COUNT_MAX);
        const char *why = NULL;

        if (end == text || *end)
                why = "write a whole number in digits";
        else if (n > CONFIG_COUNT_MAX)
                why = "the number is over 1000000";
        if (why) {
                *ret_why = why;
                return CONFIG_E_VALUE;
        }
        *ret = n;
        return 0;
}

int config_value_percent(const char *text, unsigned *ret, const char **ret_why) {
        const char *end = text;
        uint32_t n = take_digits(&end, 100);

        if (end == text || n > 100 || !streq(end, "%")) {
                *ret_why = "write a percentage from 0% to 100%, with its sign";
                return CONFIG_E_VALUE;
        }
        *ret = n;
        return 0;
}

const char *config_value_check_glob(const char *text) {
        size_t n = strlen(text);

        if (n == 0)
                return NULL;
        if (n > CONFIG_PATH_MAX)
                return "the pattern is longer than 4095 bytes";
        if (text[0] == '/')
                return "patterns are relative to Source= and begin with no /";
        if (text[n - 1] == '/')
                return "a pattern ends in no /; the name of a directory stands for all below it";
        for (size_t i = 0; i < n; i++)
                if (is_control(text[i]))
                        return "a control character in a pattern";
        return NULL;
}

const char *config_value_check_zone(const char *text) {
        static const char form[] = "write the name of a time zone, such as Europe/Berlin or UTC";

        for (const char *s = text; *s; s++) {
                if (!is_word(*s, "_+-/."))
                        return form;
                /* A component is neither empty nor hidden nor a way upwards. */
                if ((s == text || s[-1] == '/') && (*s == '/' || *s == '.'))
                        return form;
        }
        if (!*text || strlen(text) > CONFIG_COMPONENT_MAX || text[strlen(text) - 1] == '/')
                return form;
        return NULL;
}

const char *config_value_check_locale(const char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++)
                if (!is_word(text[i], "_.@-"))
                        n = 0;
        /* A leading dot could name a directory above the translations'. */
        if (n == 0 || n > CONFIG_NAME_MAX || text[0] == '.')
                return "write the name of a locale, such as pt_BR";
        return NULL;
}

bool config_value_is_name(const char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++)
                if (!is_word(text[i], "._-"))
                        return false;
        return n >= 1 && n <= CONFIG_NAME_MAX && text[0] != '.' && text[0] != '-';
}
