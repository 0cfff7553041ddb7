/* SPDX-License-Identifier: MIT */
#include "lib/config-read.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdio.h>

#include "lib/config-ini.h"
#include "lib/error.h"
#include "lib/os.h"

/* Whether a text with a NUL byte may be UTF-16: by its byte order mark, or every other of its first bytes is NUL. */
static bool is_utf16(const char *text, size_t n) {
        if (n < 2)
                return false;
        if (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)
                return true;
        return n >= 4 && (text[0] == '\0') == (text[2] == '\0') && (text[1] == '\0') == (text[3] == '\0') &&
               (text[0] == '\0') != (text[1] == '\0');
}

static int read_bytes(struct ConfigBuilder *builder, const char *name, const char *text, size_t n,
                      struct Problems *problems) {
        const char *nul = memchr(text, '\0', n);
        unsigned line = 1;
        int r;

        r = config_builder_begin_file(builder, name);
        if (r < 0)
                return r;
        if (!nul)
                return config_ini_parse(builder, name, text, n, problems);

        for (const char *s = text; s < nul; s++)
                line += *s == '\n';
        config_builder_lose_section(builder);
        return problems_add(problems, PROBLEM_ERROR, name, line,
                            is_utf16(text, n) ? "a NUL byte: this looks like UTF-16; save the file as UTF-8"
                                              : "a NUL byte: this is no text file, or a damaged one");
}

static int check_mode(const struct statx *st, const char *name, const char *what, struct Problems *problems) {
        if (!(st->stx_mode & (S_IWGRP | S_IWOTH)))
                return 0;
        return problems_add(problems, PROBLEM_WARNING, name, 0,
                            "%s can change %s, and so make retaind remove files; run chmod go-w %s",
                            st->stx_mode & S_IWOTH ? "anyone" : "anyone in its group", what, name);
}

static const char *describe(int error) {
        switch (error) {
        case -ENOENT:
                return "there is no such file; write it, see retaind.conf(5), or name another by --config=FILE";
        case -EISDIR:
                return "this is a directory, not a file";
        case -EINVAL:
                return "this is not a regular file";
        case -EFBIG:
                return "the file is over 1 MiB; this cannot be a configuration";
        }
        return NULL;
}

static int report_unreadable(struct ConfigBuilder *builder, const char *path, int error, struct Problems *problems) {
        const char *text = describe(error);

        config_builder_lose_section(builder);
        if (text)
                return problems_add(problems, PROBLEM_ERROR, path, 0, "%s", text);
        return problems_add(problems, PROBLEM_ERROR, path, 0, "this cannot be read: %s", strerrordesc_np(-error));
}

static int read_file(struct ConfigBuilder *builder, const char *path, bool is_dropin, struct Problems *problems) {
        _cleanup_(freep) char *text = NULL;
        struct statx st;
        size_t n;
        int r;

        r = os_read_file(path, CONFIG_FILE_MAX, &text, &n, &st);
        if (r == -ENOMEM)
                return r;
        if (is_dropin && (r == -EISDIR || r == -EINVAL))
                return problems_add(problems, PROBLEM_WARNING, path, 0, "not a regular file; it is not read");
        if (r < 0)
                return report_unreadable(builder, path, r, problems);

        r = check_mode(&st, path, "this file", problems);
        if (r < 0)
                return r;
        return read_bytes(builder, path, text, n, problems);
}

static bool is_dropin_name(const char *name) {
        size_t n = strlen(name);

        return name[0] != '.' && n > strlen(".conf") && streq(name + n - strlen(".conf"), ".conf");
}

/* The names of the drop-ins in an open directory, as they come. */
static int list_dropins(int dir, Strv *names) {
        alignas(struct dirent64) char buf[16 * 1024];
        ssize_t n;
        int r;

        for (;;) {
                n = os_getdents(dir, buf, sizeof(buf));
                if (n <= 0)
                        return (int)n;
                for (ssize_t at = 0; at < n;) {
                        const struct dirent64 *entry = (const struct dirent64 *)(buf + at);
                        char *name;

                        at += entry->d_reclen;
                        if (!is_dropin_name(entry->d_name))
                                continue;
                        if (strv_length(*names) == CONFIG_DROPINS_MAX)
                                return -E2BIG;
                        name = strdup(entry->d_name);
                        if (!name)
                                return -ENOMEM;
                        r = strv_consume(names, name);
                        if (r < 0)
                                return r;
                }
        }
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_dropins(const char *path, Strv *names, struct Problems *problems) {
        _cleanup_(os_closep) int dir = -1;
        _cleanup_(freep) char *inside = NULL;
        struct statx st;
        int r;

        /* By its "." the directory may also be a link to one. */
        if (asprintf(&inside, "%s/.", path) < 0)
                return -ENOMEM;
        dir = os_open_directory_at(AT_FDCWD, inside);
        if (dir < 0)
                return dir;
        r = os_statx(dir, "", &st);
        if (r < 0)
                return r;
        r = check_mode(&st, path, "what is in here", problems);
        if (r < 0)
                return r;
        return list_dropins(dir, names);
}

static int read_dropins(struct ConfigBuilder *builder, const char *path, struct Problems *problems) {
        _cleanup_(strv_freep) Strv names = NULL;
        int r;

        r = find_dropins(path, &names, problems);
        if (r == -ENOENT || r == -ENOMEM)
                return r == -ENOMEM ? r : 0;
        if (r == -E2BIG) {
                config_builder_lose_section(builder);
                return problems_add(problems, PROBLEM_ERROR, path, 0, "more than %d drop-in files", CONFIG_DROPINS_MAX);
        }
        if (r < 0)
                return report_unreadable(builder, path, r, problems);

        if (names)
                qsort(names, strv_length(names), sizeof(char *), compare_names);
        for (size_t i = 0; names && names[i]; i++) {
                _cleanup_(freep) char *file = NULL;

                if (asprintf(&file, "%s/%s", path, names[i]) < 0)
                        return -ENOMEM;
                r = read_file(builder, file, true, problems);
                if (r < 0)
                        return r;
        }
        return 0;
}

int config_finish(struct ConfigBuilder *builder, const struct ConfigPlaces *places, struct Problems *problems,
                  struct Config **ret) {
        int r;

        r = config_builder_check(builder);
        if (r < 0)
                return r;
        r = config_load_zones(config_builder_config(builder), places, problems);
        if (r < 0)
                return r;
        return config_builder_take(builder, ret);
}

int config_read(const char *path, const char *dropins, const struct ConfigPlaces *places, struct Problems *problems,
                struct Config **ret) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        int r;

        r = config_builder_new(problems, &builder);
        if (r < 0)
                return r;
        r = read_file(builder, path, false, problems);
        if (r < 0)
                return r;
        if (dropins) {
                r = read_dropins(builder, dropins, problems);
                if (r < 0)
                        return r;
        }
        return config_finish(builder, places, problems, ret);
}

int config_read_text(const char *name, const char *text, size_t n, const struct ConfigPlaces *places,
                     struct Problems *problems, struct Config **ret) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        int r;

        r = config_builder_new(problems, &builder);
        if (r < 0)
                return r;
        r = read_bytes(builder, name, text, n, problems);
        if (r < 0)
                return r;
        return config_finish(builder, places, problems, ret);
}
