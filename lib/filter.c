/* SPDX-License-Identifier: MIT */
#include "lib/filter.h"

#include <errno.h>
#include <fnmatch.h>

#include "lib/error.h"

enum PatternKind {
        PATTERN_ALL,    /* "*" */
        PATTERN_EXACT,  /* "lost+found" */
        PATTERN_PREFIX, /* "db*" */
        PATTERN_SUFFIX, /* "*.part" */
        PATTERN_GLOB,   /* the rest, for fnmatch() */
};

struct Pattern {
        enum PatternKind kind;
        bool of_path; /* holds a slash: matches the whole path */
        char *text;   /* the literal, or the whole pattern */
        size_t n_text;
};

struct PatternList {
        struct Pattern *patterns;
        size_t n_patterns;
        bool of_path; /* some pattern is */
};

struct Filter {
        struct PatternList include;
        struct PatternList exclude;
};

static int pattern_init(struct Pattern *pattern, const char *text) {
        static const char special[] = "*?[\\";
        size_t n = strlen(text);
        const char *literal = text;

        pattern->of_path = strchr(text, '/') != NULL;
        if (streq(text, "*"))
                pattern->kind = PATTERN_ALL;
        else if (!strpbrk(text, special))
                pattern->kind = PATTERN_EXACT;
        else if (text[0] == '*' && !strpbrk(text + 1, special)) {
                pattern->kind = PATTERN_SUFFIX;
                literal = text + 1;
                n--;
        } else if (strcspn(text, special) == n - 1 && text[n - 1] == '*') {
                pattern->kind = PATTERN_PREFIX;
                n--;
        } else
                pattern->kind = PATTERN_GLOB;

        /* Across a slash a star does not reach, so only fnmatch() will do. */
        if (pattern->of_path && pattern->kind != PATTERN_EXACT) {
                pattern->kind = PATTERN_GLOB;
                literal = text;
                n = strlen(text);
        }

        pattern->text = strndup(literal, n);
        if (!pattern->text)
                return -ENOMEM;
        pattern->n_text = n;
        return 0;
}

static int list_init(struct PatternList *list, char *const *texts) {
        size_t n = 0;
        int r;

        while (texts && texts[n])
                n++;
        list->patterns = calloc(n ? n : 1, sizeof(struct Pattern));
        if (!list->patterns)
                return -ENOMEM;
        for (; list->n_patterns < n; list->n_patterns++) {
                struct Pattern *pattern = &list->patterns[list->n_patterns];

                r = pattern_init(pattern, texts[list->n_patterns]);
                if (r < 0)
                        return r;
                list->of_path = list->of_path || pattern->of_path;
        }
        return 0;
}

static void list_done(struct PatternList *list) {
        for (size_t i = 0; i < list->n_patterns; i++)
                free(list->patterns[i].text);
        free(list->patterns);
}

int filter_new(char *const *include, char *const *exclude, struct Filter **ret) {
        _cleanup_(filter_freep) struct Filter *filter = NULL;
        int r;

        filter = calloc(1, sizeof(*filter));
        if (!filter)
                return -ENOMEM;
        r = list_init(&filter->include, include);
        if (r < 0)
                return r;
        r = list_init(&filter->exclude, exclude);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(filter);
        return 0;
}

struct Filter *filter_free(struct Filter *filter) {
        if (filter) {
                list_done(&filter->include);
                list_done(&filter->exclude);
                free(filter);
        }
        return NULL;
}

static bool pattern_matches(const struct Pattern *pattern, const char *path, const char *name, size_t n_name) {
        if (pattern->of_path)
                return pattern->kind == PATTERN_EXACT ? streq(pattern->text, path)
                                                      : fnmatch(pattern->text, path, FNM_PATHNAME) == 0;

        switch (pattern->kind) {
        case PATTERN_ALL:
                return true;
        case PATTERN_EXACT:
                return n_name == pattern->n_text && memcmp(name, pattern->text, n_name) == 0;
        case PATTERN_PREFIX:
                return n_name >= pattern->n_text && memcmp(name, pattern->text, pattern->n_text) == 0;
        case PATTERN_SUFFIX:
                return n_name >= pattern->n_text &&
                       memcmp(name + n_name - pattern->n_text, pattern->text, pattern->n_text) == 0;
        case PATTERN_GLOB:
                break;
        }
        return fnmatch(pattern->text, name, 0) == 0;
}

static bool list_matches(const struct PatternList *list, const char *path, const char *name) {
        size_t n_name = strlen(name);

        for (size_t i = 0; i < list->n_patterns; i++)
                if (pattern_matches(&list->patterns[i], path, name, n_name))
                        return true;
        return false;
}

struct FilterState filter_enter(const struct Filter *filter, struct FilterState parent, const char *path,
                                const char *name) {
        return (struct FilterState){
                .included = parent.included || list_matches(&filter->include, path, name),
                .excluded = parent.excluded || list_matches(&filter->exclude, path, name),
        };
}

bool filter_accepts(const struct Filter *filter, struct FilterState parent, const char *path, const char *name) {
        struct FilterState state = filter_enter(filter, parent, path, name);

        return state.included && !state.excluded;
}

bool filter_accepts_path(const struct Filter *filter, const char *path) {
        char part[4096];
        struct FilterState state = {};
        const char *name = path;

        for (const char *slash; (slash = strchr(name, '/')); name = slash + 1) {
                size_t n = (size_t)(slash - path);

                if (n >= sizeof(part))
                        return false;
                memcpy(part, path, n);
                part[n] = '\0';
                state = filter_enter(filter, state, part, part + (name - path));
        }
        return filter_accepts(filter, state, path, name);
}

bool filter_needs_path(const struct Filter *filter) {
        return filter->include.of_path || filter->exclude.of_path;
}
