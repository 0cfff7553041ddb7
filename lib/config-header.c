/* SPDX-License-Identifier: MIT */
#include "lib/config-header.h"

#include <stdio.h>

#include "lib/suggest.h"

static const char blank[] = " \t";

/* The text without the blanks around it; its length to *ret_n. */
static const char *trim(const char *text, size_t *ret_n) {
        size_t n;

        text += strspn(text, blank);
        n = strlen(text);
        while (n > 0 && strchr(blank, text[n - 1]))
                n--;
        *ret_n = n;
        return text;
}

static bool take_name(const char *text, size_t n, char name[static CONFIG_NAME_MAX + 1],
                      char why[static CONFIG_WHY_MAX]) {
        if (n <= CONFIG_NAME_MAX) {
                memcpy(name, text, n);
                name[n] = '\0';
                if (config_value_is_name(name))
                        return true;
        }
        snprintf(why, CONFIG_WHY_MAX,
                 "\"%.*s\" cannot be a name; take 1 to %d letters, digits, dots, dashes and underscores, "
                 "neither a dot nor a dash first",
                 (int)MIN(n, (size_t)100), text, CONFIG_NAME_MAX);
        return false;
}

static void unknown(const char *word, char why[static CONFIG_WHY_MAX]) {
        static const char *const forms[_CONFIG_SECTION_MAX] = {
                [CONFIG_SECTION_DAEMON] = ", did you mean [daemon]?",
                [CONFIG_SECTION_SET] = ", did you mean [set NAME]?",
                [CONFIG_SECTION_COPY] = ", did you mean [copy SET/NAME]?",
        };
        struct Suggestion suggestion = {.word = word};
        const char *hint = "; there are [daemon], [set NAME] and [copy SET/NAME]";

        for (int kind = 0; kind < _CONFIG_SECTION_MAX; kind++) {
                const char *best = suggestion.best;

                suggest_consider(&suggestion, config_section_kind_name(kind));
                if (suggestion.best != best)
                        hint = forms[kind];
        }
        snprintf(why, CONFIG_WHY_MAX, "unknown section [%.100s]%s", word, hint);
}

static int refuse(char why[static CONFIG_WHY_MAX], const char *text) {
        snprintf(why, CONFIG_WHY_MAX, "%s", text);
        return CONFIG_E_VALUE;
}

static int parse_names(struct ConfigHeader *header, const char *word, const char *rest, size_t n,
                       char why[static CONFIG_WHY_MAX]) {
        const char *slash;

        switch (header->kind) {
        case CONFIG_SECTION_DAEMON:
                if (n > 0)
                        return refuse(why, "[daemon] takes no name");
                strcpy(header->label, "daemon");
                return 0;
        case CONFIG_SECTION_SET:
                if (n == 0)
                        return refuse(why, "a set needs a name: write [set NAME]");
                if (!take_name(rest, n, header->set, why))
                        return CONFIG_E_VALUE;
                snprintf(header->label, sizeof(header->label), "set %s", header->set);
                return 0;
        case CONFIG_SECTION_COPY:
                slash = memchr(rest, '/', n);
                if (!slash)
                        return refuse(why, "a destination is named after its set: write [copy SET/NAME]");
                if (!take_name(rest, (size_t)(slash - rest), header->set, why) ||
                    !take_name(slash + 1, n - (size_t)(slash + 1 - rest), header->copy, why))
                        return CONFIG_E_VALUE;
                snprintf(header->label, sizeof(header->label), "copy %s/%s", header->set, header->copy);
                return 0;
        case _CONFIG_SECTION_MAX:
                break;
        }
        unknown(word, why);
        return CONFIG_E_VALUE;
}

int config_header_parse(const char *text, struct ConfigHeader *ret, char why[static CONFIG_WHY_MAX]) {
        struct ConfigHeader header = {};
        char word[64] = "";
        const char *rest;
        size_t n, n_word;
        int kind = 0, r;

        text = trim(text, &n);
        n_word = strcspn(text, blank);
        memcpy(word, text, MIN(n_word, sizeof(word) - 1));
        rest = trim(text + n_word, &n);

        while (kind < _CONFIG_SECTION_MAX && !streq(word, config_section_kind_name(kind)))
                kind++;
        header.kind = kind;
        r = parse_names(&header, word, rest, n, why);
        if (r != 0)
                return r;
        *ret = header;
        return 0;
}
