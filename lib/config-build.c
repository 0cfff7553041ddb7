/* SPDX-License-Identifier: MIT */
#include "lib/config-build.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "lib/config-check.h"
#include "lib/config-header.h"
#include "lib/config-keys.h"
#include "lib/error.h"
#include "lib/name.h"
#include "lib/suggest.h"

/* A section as it is being built; the object is the builder's until it finds its place in the configuration. */
struct Section {
        struct ConfigHeader header;
        void *object;
        struct ConfigSection *section;   /* the object's */
        struct ConfigOrigin last_header; /* a second one in the same file is an error */
        bool required_refused;           /* what it must have was given, if wrongly: it is not missing */
};

struct ConfigBuilder {
        struct Problems *problems;
        struct Config *config;
        struct Section *sections;
        size_t n_sections;
        struct Section *current; /* NULL: none yet, or lost */
        bool lost;               /* the current one could not be read */
        bool incomplete;         /* some section could not be */
        const char *file;
};

static_assert(offsetof(struct Config, section) == 0, "a section begins its struct");
static_assert(offsetof(struct ConfigSet, section) == 0, "a section begins its struct");
static_assert(offsetof(struct ConfigCopy, section) == 0, "a section begins its struct");

/* All defaults of a section, in the struct that it is. */
static int init_section(enum ConfigSectionKind kind, void *object) {
        struct ConfigSection *section = object;
        const struct ConfigKey *keys;
        char why[CONFIG_WHY_MAX];
        size_t n_keys;
        int r;

        keys = config_keys(&n_keys);
        section->origins = calloc(n_keys, sizeof(struct ConfigOrigin));
        if (!section->origins)
                return -ENOMEM;
        for (size_t i = 0; i < n_keys; i++) {
                if (keys[i].section != kind)
                        continue;
                r = config_key_apply(&keys[i], object, "", false, why);
                if (r != 0)
                        return error_fold(r);
        }
        return 0;
}

static int new_set(const char *name, void **ret) {
        _cleanup_(config_set_freep) struct ConfigSet *set = calloc(1, sizeof(*set));
        int r;

        if (!set)
                return -ENOMEM;
        r = init_section(CONFIG_SECTION_SET, set);
        if (r < 0)
                return r;
        set->name = strdup(name);
        if (!set->name)
                return -ENOMEM;
        *ret = TAKE_PTR(set);
        return 0;
}

static int new_copy(const char *name, void **ret) {
        _cleanup_(config_copy_freep) struct ConfigCopy *copy = calloc(1, sizeof(*copy));
        int r;

        if (!copy)
                return -ENOMEM;
        r = init_section(CONFIG_SECTION_COPY, copy);
        if (r < 0)
                return r;
        copy->name = strdup(name);
        if (!copy->name)
                return -ENOMEM;
        *ret = TAKE_PTR(copy);
        return 0;
}

int config_builder_new(struct Problems *problems, struct ConfigBuilder **ret) {
        _cleanup_(config_freep) struct Config *config = calloc(1, sizeof(*config));
        struct ConfigBuilder *builder;
        int r;

        if (!config)
                return -ENOMEM;
        /* There need not be a [daemon] section, its values are there all the same. */
        r = init_section(CONFIG_SECTION_DAEMON, config);
        if (r < 0)
                return r;
        builder = calloc(1, sizeof(*builder));
        if (!builder)
                return -ENOMEM;
        builder->problems = problems;
        builder->config = TAKE_PTR(config);
        *ret = builder;
        return 0;
}

static void section_done(struct Section *section) {
        switch (section->header.kind) {
        case CONFIG_SECTION_SET:
                config_set_free(section->object);
                break;
        case CONFIG_SECTION_COPY:
                config_copy_free(section->object);
                break;
        case CONFIG_SECTION_DAEMON:
        case _CONFIG_SECTION_MAX:
                break;
        }
}

struct ConfigBuilder *config_builder_free(struct ConfigBuilder *builder) {
        if (!builder)
                return NULL;
        for (size_t i = 0; i < builder->n_sections; i++)
                section_done(&builder->sections[i]);
        free(builder->sections);
        config_free(builder->config);
        free(builder);
        return NULL;
}

int config_builder_begin_file(struct ConfigBuilder *builder, const char *name) {
        char *copy = strdup(name);
        int r;

        if (!copy)
                return -ENOMEM;
        r = strv_consume(&builder->config->files, copy);
        if (r < 0)
                return r;
        /* Each reading has a string of its own, so that equal pointers mean the same reading of the same file. */
        builder->file = copy;
        builder->current = NULL;
        builder->lost = false;
        return 0;
}

void config_builder_lose_section(struct ConfigBuilder *builder) {
        builder->current = NULL;
        builder->lost = true;
        builder->incomplete = true;
}

#define report(builder, line, ...) problems_add((builder)->problems, PROBLEM_ERROR, (builder)->file, line, __VA_ARGS__)

static struct Section *find_section(struct ConfigBuilder *builder, const char *label) {
        for (size_t i = 0; i < builder->n_sections; i++)
                if (streq(builder->sections[i].header.label, label))
                        return &builder->sections[i];
        return NULL;
}

static int add_section(struct ConfigBuilder *builder, const struct ConfigHeader *header, unsigned line) {
        struct Section *sections, *section;
        int r = 0;

        sections = reallocarray(builder->sections, builder->n_sections + 1, sizeof(*sections));
        if (!sections)
                return -ENOMEM;
        builder->sections = sections;
        section = &sections[builder->n_sections];
        *section = (struct Section){.header = *header, .object = builder->config};

        if (header->kind == CONFIG_SECTION_SET)
                r = new_set(header->set, &section->object);
        else if (header->kind == CONFIG_SECTION_COPY)
                r = new_copy(header->copy, &section->object);
        if (r < 0)
                return r;

        builder->n_sections++;
        section->section = section->object;
        section->section->origin = (struct ConfigOrigin){builder->file, line};
        builder->current = section;
        return 0;
}

int config_builder_section(struct ConfigBuilder *builder, const char *text, unsigned line) {
        char why[CONFIG_WHY_MAX];
        struct ConfigHeader header;
        int r;

        builder->lost = false;
        builder->current = NULL;
        if (config_header_parse(text, &header, why) != 0) {
                config_builder_lose_section(builder);
                return report(builder, line, "%s", why);
        }

        builder->current = find_section(builder, header.label);
        if (!builder->current && builder->n_sections == CONFIG_SECTIONS_MAX) {
                config_builder_lose_section(builder);
                return report(builder, line, "more than %d sections", CONFIG_SECTIONS_MAX);
        }
        if (!builder->current)
                r = add_section(builder, &header, line);
        else if (builder->current->last_header.file == builder->file)
                r = report(builder, line, "[%s] is already on line %u; join the two", header.label,
                           builder->current->last_header.line);
        else
                r = 0;
        if (r < 0)
                return r;
        builder->current->last_header = (struct ConfigOrigin){builder->file, line};
        return 0;
}

/* "[set …]", "[set …] or [copy …]": the sections that know this key. */
static const char *sections_of(const char *key, char buf[static CONFIG_WHY_MAX]) {
        size_t n = 0;

        buf[0] = '\0';
        for (int kind = 0; kind < _CONFIG_SECTION_MAX; kind++)
                if (config_key_find(kind, key))
                        n += (size_t)snprintf(buf + n, CONFIG_WHY_MAX - n, "%s[%s%s]", n > 0 ? " or " : "",
                                              config_section_kind_name(kind),
                                              kind == CONFIG_SECTION_DAEMON ? "" : " …");
        return n > 0 ? buf : NULL;
}

static int assign_unknown(struct ConfigBuilder *builder, const char *key, unsigned line) {
        const struct Section *section = builder->current;
        struct Suggestion here = {.word = key}, anywhere = {.word = key};
        const struct ConfigKey *keys;
        char buf[CONFIG_WHY_MAX];
        size_t n_keys;

        if (sections_of(key, buf))
                return report(builder, line, "%s= belongs in %s, not in [%s]", key, buf, section->header.label);

        keys = config_keys(&n_keys);
        for (size_t i = 0; i < n_keys; i++) {
                suggest_consider(&anywhere, keys[i].name);
                if (keys[i].section == section->header.kind)
                        suggest_consider(&here, keys[i].name);
        }
        if (here.best)
                return report(builder, line, "unknown key %.200s=, did you mean %s=?", key, here.best);
        if (anywhere.best)
                return report(builder, line, "unknown key %.200s=, did you mean %s= of %s?", key, anywhere.best,
                              sections_of(anywhere.best, buf));
        return report(builder, line, "unknown key %.200s= in [%s]; retaind.conf(5) lists what there is", key,
                      section->header.label);
}

static int assign_nowhere(struct ConfigBuilder *builder, const char *key, unsigned line) {
        char buf[CONFIG_WHY_MAX];

        return report(builder, line, "%.200s= stands before any section; write %s above it", key,
                      sections_of(key, buf) ? buf : "[set NAME]");
}

int config_builder_assign(struct ConfigBuilder *builder, const char *name, const char *text, unsigned line) {
        struct Section *section = builder->current;
        const struct ConfigKey *key;
        struct ConfigOrigin *origin;
        char why[CONFIG_WHY_MAX];
        bool is_reset;
        int r;

        if (builder->lost)
                return 0;
        if (!*name)
                return report(builder, line, "there is no key before the =");
        if (!section)
                return assign_nowhere(builder, name, line);
        key = config_key_find(section->header.kind, name);
        if (!key)
                return assign_unknown(builder, name, line);

        origin = &section->section->origins[config_key_index(key)];
        if (!config_key_is_list(key) && origin->file == builder->file)
                return report(builder, line, "%s= is already set on line %u; keep one of the two", name, origin->line);

        r = config_key_apply(key, section->object, text, origin->file, why);
        if (r < 0)
                return r;
        is_reset = config_key_is_list(key) && !text[strspn(text, " \t")];
        *origin = (struct ConfigOrigin){is_reset ? NULL : builder->file, line};
        if (r == 0)
                return 0;
        section->required_refused = section->required_refused || key->required;
        return report(builder, line, "%s=%.200s: %s", name, text, why);
}

static int check_required(struct ConfigBuilder *builder, const struct Section *section) {
        const struct ConfigOrigin *origin = &section->section->origin;
        const struct ConfigKey *keys;
        size_t n_keys;
        int r;

        keys = config_keys(&n_keys);
        for (size_t i = 0; i < n_keys; i++) {
                if (keys[i].section != section->header.kind || !keys[i].required || section->required_refused)
                        continue;
                if (*(char **)((char *)section->object + keys[i].offset))
                        continue;
                r = problems_add(builder->problems, PROBLEM_ERROR, origin->file, origin->line,
                                 "[%s] has no %s=", section->header.label, keys[i].name);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int compile_patterns(struct ConfigSet *set) {
        size_t n = strv_length(set->pattern);
        const char *why;
        int r = 0;

        set->patterns = calloc(n + 1, sizeof(struct NamePattern *));
        if (!set->patterns)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < n; i++)
                r = name_pattern_new(set->pattern[i], &set->patterns[i], &why);
        return error_fold(r);
}

static int attach_sets(struct ConfigBuilder *builder) {
        struct Config *config = builder->config;
        int r;

        config->sets = calloc(builder->n_sections + 1, sizeof(struct ConfigSet *));
        if (!config->sets)
                return -ENOMEM;
        for (size_t i = 0; i < builder->n_sections; i++) {
                struct Section *section = &builder->sections[i];

                if (section->header.kind != CONFIG_SECTION_SET)
                        continue;
                config->sets[config->n_sets] = section->object;
                section->object = NULL;
                r = compile_patterns(config->sets[config->n_sets++]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int orphan(struct ConfigBuilder *builder, const struct Section *section) {
        const struct ConfigOrigin *origin = &section->section->origin;
        struct Suggestion suggestion = {.word = section->header.set};

        if (builder->incomplete)
                return 0;
        for (size_t i = 0; i < builder->config->n_sets; i++)
                suggest_consider(&suggestion, builder->config->sets[i]->name);
        return problems_add(builder->problems, PROBLEM_ERROR, origin->file, origin->line,
                            "[%s] belongs to no set: there is no [set %s]%s%s%s", section->header.label,
                            section->header.set, suggestion.best ? ", did you mean [set " : "",
                            strempty(suggestion.best), suggestion.best ? "]?" : "");
}

static int attach_copy(struct ConfigBuilder *builder, struct Section *section) {
        struct ConfigCopy **copies;

        for (size_t i = 0; i < builder->config->n_sets; i++) {
                struct ConfigSet *set = builder->config->sets[i];

                assert(set);
                if (!streq(set->name, section->header.set))
                        continue;
                copies = reallocarray(set->copies, set->n_copies + 1, sizeof(*copies));
                if (!copies)
                        return -ENOMEM;
                set->copies = copies;
                set->copies[set->n_copies++] = section->object;
                section->object = NULL;
                return 0;
        }
        return orphan(builder, section);
}

int config_builder_check(struct ConfigBuilder *builder) {
        struct Config *config = builder->config;
        int r;

        for (size_t i = 0; i < builder->n_sections; i++) {
                r = check_required(builder, &builder->sections[i]);
                if (r < 0)
                        return r;
        }
        r = attach_sets(builder);
        if (r < 0)
                return r;
        for (size_t i = 0; i < builder->n_sections; i++) {
                if (builder->sections[i].header.kind != CONFIG_SECTION_COPY)
                        continue;
                r = attach_copy(builder, &builder->sections[i]);
                if (r < 0)
                        return r;
        }
        if (config->n_sets == 0 && !builder->incomplete) {
                r = problems_add(builder->problems, PROBLEM_ERROR, config->files ? config->files[0] : NULL, 0,
                                 "no [set …] section: nothing to do");
                if (r < 0)
                        return r;
        }
        return config_check(config, builder->problems);
}

struct Config *config_builder_config(struct ConfigBuilder *builder) {
        return builder->config;
}

int config_builder_take(struct ConfigBuilder *builder, struct Config **ret) {
        if (builder->problems->n_errors > 0)
                return CONFIG_E_INVALID;
        *ret = TAKE_PTR(builder->config);
        return 0;
}
