/* SPDX-License-Identifier: MIT */
#include "lib/watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os.h"
#include "tests/test.h"
#include "tests/tree.h"

static void touch(const struct Tree *tree, const char *name) {
        _cleanup_(os_closep) int fd = openat(tree->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        ck_assert_int_ge(fd, 0);
}

/* What happened, as "F a/x" for every event; "!" is an overflow. */
static const char *tell(struct Watch *watch) {
        static const char letters[] = {
                [WATCH_CREATED] = 'C',
                [WATCH_FINISHED] = 'F',
                [WATCH_VANISHED] = 'V',
                [WATCH_DIRECTORY] = 'D',
        };
        static char text[65536]; /* more than a buffer of events has */
        struct WatchEvent event;
        char *p = text;

        *p = '\0';
        ck_assert_int_eq(watch_dispatch(watch), 0);
        while (watch_pop(watch, &event) > 0)
                if (event.kind == WATCH_OVERFLOW)
                        p += sprintf(p, "! ");
                else
                        p += sprintf(p, "%c%s/%s ", letters[event.kind], event.directory, event.name);
        return text;
}

static int watch_tree(struct Watch *watch, const struct Tree *tree, void *owner, const char *directory, bool bind) {
        _cleanup_(os_closep) int fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int number;

        ck_assert_int_ge(fd, 0);
        number = watch_add(watch_fd(watch), fd);
        ck_assert_int_gt(number, 0);
        if (bind)
                ck_assert_int_eq(watch_bind(watch, number, owner, directory), 0);
        return number;
}

START_TEST(tells_what_happens) {
        _cleanup_(watch_freep) struct Watch *watch = NULL;
        char from[4200], to[4200];
        struct Tree tree;
        int owner;

        tree_init(&tree);
        ck_assert_int_eq(watch_new(&watch), 0);
        watch_tree(watch, &tree, &owner, "d", true);
        ck_assert_uint_eq(watch_count(watch, &owner), 1);
        ck_assert_str_eq(tell(watch), "");
        touch(&tree, "a");
        ck_assert_str_eq(tell(watch), "Cd/a Fd/a ");
        snprintf(from, sizeof(from), "%s/a", tree.path);
        snprintf(to, sizeof(to), "%s/b", tree.path);
        ck_assert_int_eq(rename(from, to), 0);
        ck_assert_str_eq(tell(watch), "Vd/a Fd/b ");
        ck_assert_int_eq(link(to, from), 0);
        ck_assert_str_eq(tell(watch), "Cd/a ");
        ck_assert_int_eq(unlink(to), 0);
        ck_assert_str_eq(tell(watch), "Vd/b ");
        ck_assert_int_eq(unlink(from), 0);
        ck_assert_int_eq(mkdir(from, 0700), 0);
        ck_assert_str_eq(tell(watch), "Vd/a Dd/a ");
        ck_assert_int_eq(rmdir(from), 0);
        touch(&tree, ".retaind-0123456789abcdef");
        ck_assert_str_eq(tell(watch), "Dd/a ");
        tree_done(&tree);
        ck_assert_str_eq(tell(watch), "Dd/ ");
        ck_assert_uint_eq(watch_count(watch, &owner), 0);
}
END_TEST

START_TEST(what_comes_before_it_is_known_is_not_lost) {
        _cleanup_(watch_freep) struct Watch *watch = NULL;
        struct Tree tree;
        int owner, number;

        tree_init(&tree);
        ck_assert_int_eq(watch_new(&watch), 0);
        number = watch_tree(watch, &tree, NULL, NULL, false);
        touch(&tree, "a");
        ck_assert_str_eq(tell(watch), "");
        ck_assert_int_eq(watch_bind(watch, number, &owner, ""), 1);
        ck_assert_int_eq(watch_bind(watch, number, &owner, "moved"), 0);
        touch(&tree, "b");
        ck_assert_str_eq(tell(watch), "Cmoved/b Fmoved/b ");
        watch_forget(watch, &owner);
        touch(&tree, "c");
        ck_assert_str_eq(tell(watch), "");
        ck_assert_uint_eq(watch_count(watch, &owner), 0);
        tree_done(&tree);
}
END_TEST

START_TEST(too_much_is_said) {
        _cleanup_(watch_freep) struct Watch *watch = NULL;
        struct Tree tree;
        unsigned n = 0;
        int owner;
        FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

        ck_assert_ptr_nonnull(f);
        ck_assert_int_eq(fscanf(f, "%u", &n), 1);
        fclose(f);
        tree_init(&tree);
        ck_assert_int_eq(watch_new(&watch), 0);
        watch_tree(watch, &tree, &owner, "", true);
        for (unsigned i = 0; i < n + 200; i++) {
                char name[16];

                snprintf(name, sizeof(name), "%u", i % 100);
                touch(&tree, name);
        }
        for (unsigned i = 0; i < n; i++)
                if (strchr(tell(watch), '!'))
                        n = 0;
        ck_assert_uint_eq(n, 0);
        tree_done(&tree);
}
END_TEST

START_TEST(what_is_no_directory_is_not_watched) {
        _cleanup_(watch_freep) struct Watch *watch = NULL;
        _cleanup_(os_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        ck_assert_int_eq(watch_new(&watch), 0);
        ck_assert_int_eq(watch_add(watch_fd(watch), fd), -ENOTDIR);
}
END_TEST

int main(void) {
        return test_run("watch", (const TTest *[]){
                                         tells_what_happens,
                                         what_comes_before_it_is_known_is_not_lost,
                                         too_much_is_said,
                                         what_is_no_directory_is_not_watched,
                                         NULL,
                                 });
}
