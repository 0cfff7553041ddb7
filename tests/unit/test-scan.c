/* SPDX-License-Identifier: MIT */
#include "lib/scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/os.h"
#include "tests/fault.h"
#include "tests/test.h"
#include "tests/tree.h"

/* Everything that a scan says, sorted, one line each: "file a/b", "skipped link l: a symbolic link". */
struct Said {
        char lines[512][600];
        size_t n;
};

static void say(struct Said *said, const struct ScanEntry *entry) {
        static const char *const kinds[] = {"directory", "file", "skipped", "ours", "unreadable"};
        char tail[64] = "";

        if (entry->kind == SCAN_SKIPPED)
                snprintf(tail, sizeof(tail), ": %s", scan_skipped_text(entry->skipped));
        if (entry->kind == SCAN_UNREADABLE)
                snprintf(tail, sizeof(tail), ": %s", strerrorname_np(-entry->error));
        ck_assert_uint_lt(said->n, ELEMENTSOF(said->lines));
        ck_assert_uint_eq(strlen(entry->name), entry->n_name);
        snprintf(said->lines[said->n++], sizeof(said->lines[0]), "%s %.200s%s%.255s%s", kinds[entry->kind], entry->path,
                 *entry->path && *entry->name ? "/" : "", entry->name, tail);
}

static int compare(const void *a, const void *b) {
        return strcmp(a, b);
}

static int scan_all(int fd, const struct ScanOptions *options, struct Said *said, uint64_t *ret_n_excluded) {
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        struct ScanEntry entry;
        int r;

        said->n = 0;
        r = scan_new(fd, options, &scan);
        if (r < 0)
                return r;
        while ((r = scan_next(scan, &entry)) > 0)
                say(said, &entry);
        if (r == 0)
                ck_assert_int_eq(scan_next(scan, &entry), 0);
        if (ret_n_excluded)
                *ret_n_excluded = scan_n_excluded(scan);
        qsort(said->lines, said->n, sizeof(said->lines[0]), compare);
        return r;
}

/* Descriptors of a tree are read once, so each scan opens it anew. */
static int scan_tree(struct Tree *tree, const struct ScanOptions *options, struct Said *said, uint64_t *ret_n) {
        _cleanup_(os_closep) int fd = os_open_directory(tree->path);

        ck_assert_int_ge(fd, 0);
        return scan_all(fd, options, said, ret_n);
}

static void assert_said(const struct Said *said, const char *const *lines) {
        size_t n = 0;

        for (; lines[n]; n++) {
                ck_assert_msg(n < said->n, "expected \"%s\" and got no more", lines[n]);
                ck_assert_str_eq(said->lines[n], lines[n]);
        }
        ck_assert_msg(said->n == n, "and also \"%s\"", said->lines[n]);
}

static void make_socket(struct Tree *tree, const char *name) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", tree->path, name);
        ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        close(fd);
}

START_TEST(sees_what_is_there) {
        static struct Said said;
        struct Tree tree;

        tree_init(&tree);
        tree_file(&tree, "db.sql", "x", 0);
        tree_file(&tree, "a/b/c.sql", "x", 0);
        tree_directory(&tree, "empty");
        tree_file(&tree, "new\nline \xff \"q\"", NULL, 0);
        ck_assert_int_eq(symlinkat("db.sql", tree.fd, "link"), 0);
        ck_assert_int_eq(symlinkat("a", tree.fd, "linked-directory"), 0);
        ck_assert_int_eq(symlinkat("/nowhere", tree.fd, "dangling"), 0);
        ck_assert_int_eq(mkfifoat(tree.fd, "fifo", 0600), 0);
        make_socket(&tree, "socket");

        ck_assert_int_eq(scan_tree(&tree, &(struct ScanOptions){.recursive = true}, &said, NULL), 0);
        assert_said(&said, (const char *[]){
                                   "directory ",
                                   "directory a",
                                   "directory a/b",
                                   "directory empty",
                                   "file a/b/c.sql",
                                   "file db.sql",
                                   "file new\nline \xff \"q\"",
                                   "skipped dangling: a symbolic link",
                                   "skipped fifo: a FIFO",
                                   "skipped link: a symbolic link",
                                   "skipped linked-directory: a symbolic link",
                                   "skipped socket: a socket",
                                   NULL,
                           });
        ck_assert_int_eq(scan_tree(&tree, &(struct ScanOptions){.recursive = false}, &said, NULL), 0);
        ck_assert_uint_eq(said.n, 8);
        tree_done(&tree);
}
END_TEST

START_TEST(leaves_out_what_is_not_of_the_set) {
        static const char *const ignored[] = {"list.log", "a/list.log", NULL};
        _cleanup_(filter_freep) struct Filter *filter = NULL;
        static struct Said said;
        struct Tree tree;
        uint64_t n;

        tree_init(&tree);
        tree_file(&tree, "db.sql", "x", 0);
        tree_file(&tree, "db.sql.part", "x", 0);
        tree_file(&tree, ".hidden/db.sql", "x", 0);
        tree_file(&tree, "list.log", "x", 0);
        tree_file(&tree, "a/list.log", "x", 0);
        tree_file(&tree, "b/list.log", "x", 0);
        tree_file(&tree, ".retaind-trash/db.sql", "x", 0);
        tree_file(&tree, "b/.retaind-0123", "x", 0);
        tree_file(&tree, "deep/er/db.sql", "x", 0);

        ck_assert_int_eq(filter_new((char *[]){"*", NULL}, (char *[]){"*.part", ".*", "deep/er", NULL}, &filter), 0);
        ck_assert_int_eq(scan_tree(&tree,
                                   &(struct ScanOptions){
                                           .filter = filter,
                                           .recursive = true,
                                           .one_file_system = true,
                                           .ignored = (char *const *)ignored,
                                   },
                                   &said, &n),
                         0);
        assert_said(&said, (const char *[]){
                                   "directory ",
                                   "directory a",
                                   "directory b",
                                   "directory deep",
                                   "file b/list.log",
                                   "file db.sql",
                                   "ours .retaind-trash",
                                   "ours b/.retaind-0123",
                                   NULL,
                           });
        ck_assert_uint_eq(n, 3); /* our own files are no news, and not counted */
        tree_done(&tree);
}
END_TEST

START_TEST(reads_the_stat) {
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        struct ScanEntry entry;
        struct statx st;
        struct Tree tree;

        tree_init(&tree);
        tree_file(&tree, "old", "12345", -1500000);
        ck_assert_int_eq(os_statx(tree.fd, "old", &st), 0);
        ck_assert_int_eq(scan_new(tree.fd, &(struct ScanOptions){}, &scan), 0);
        ck_assert_int_eq(scan_next(scan, &entry), 1);
        ck_assert_int_eq(entry.kind, SCAN_DIRECTORY);
        ck_assert_int_eq(scan_next(scan, &entry), 1);
        ck_assert_int_eq(entry.kind, SCAN_FILE);
        ck_assert_uint_eq(entry.stat.ino, st.stx_ino);
        ck_assert_uint_eq(entry.stat.size, 5);
        ck_assert_int_eq(entry.stat.mtime_usec, -1500000);
        if (st.stx_mask & STATX_BTIME)
                ck_assert_int_eq(entry.stat.birth_usec / USEC_PER_SEC, st.stx_btime.tv_sec);
        else
                ck_assert_int_eq(entry.stat.birth_usec, BACKUP_NO_BIRTH);
        tree_done(&tree);
}
END_TEST

START_TEST(stops_at_the_depth_it_can_bear) {
        static struct Said said;
        char path[2 * (SCAN_DEPTH_MAX + 4)] = "";
        struct Tree tree;

        tree_init(&tree);
        for (unsigned i = 0; i < SCAN_DEPTH_MAX + 1; i++)
                strcat(path, i == 0 ? "d" : "/d");
        tree_directory(&tree, path);
        ck_assert_int_eq(scan_tree(&tree, &(struct ScanOptions){.recursive = true}, &said, NULL), 0);
        ck_assert_uint_eq(said.n, SCAN_DEPTH_MAX + 1);
        ck_assert_ptr_nonnull(strstr(said.lines[SCAN_DEPTH_MAX], "unreadable d/d/"));
        ck_assert_ptr_nonnull(strstr(said.lines[SCAN_DEPTH_MAX], ": ELOOP"));
        tree_done(&tree);
}
END_TEST

START_TEST(reports_a_path_beyond_its_limit) {
        static struct Said said;
        char name[251];
        struct Tree tree;
        int fd, next;

        tree_init(&tree);
        memset(name, 'n', 250);
        name[250] = '\0';
        fd = dup(tree.fd);
        for (unsigned i = 0; i < 20; i++) {
                ck_assert_int_eq(mkdirat(fd, name, 0755), 0);
                next = openat(fd, name, O_RDONLY | O_DIRECTORY);
                close(fd);
                fd = next;
        }
        close(fd);
        ck_assert_int_eq(scan_tree(&tree, &(struct ScanOptions){.recursive = true}, &said, NULL), 0);
        ck_assert_uint_eq(said.n, 1 + 16 + 1);
        ck_assert_ptr_nonnull(strstr(said.lines[said.n - 1], "unreadable"));
        tree_done(&tree);
}
END_TEST

START_TEST(survives_a_wide_directory) {
        static struct Said said;
        struct Tree tree;
        char name[32];

        tree_init(&tree);
        for (unsigned i = 0; i < 500; i++) {
                snprintf(name, sizeof(name), "directory-%04u", i);
                tree_directory(&tree, name);
        }
        ck_assert_int_eq(scan_tree(&tree, &(struct ScanOptions){.recursive = true}, &said, NULL), 0);
        ck_assert_uint_eq(said.n, 501);
        tree_done(&tree);
}
END_TEST

/*
 * Whatever fails, and whichever of its calls: either the scan says that it failed, or every file is seen, or
 * something is reported as unreadable. ENOENT means that the name vanished, which is no fault.
 */
START_TEST(no_failure_is_silent) {
        static const enum OsCall calls[] = {OS_OPEN, OS_GETDENTS, OS_STATX};
        static const int errors[] = {-EACCES, -EIO, -ENOTDIR, -ELOOP, -EINTR, -ENOENT};
        static struct Said said;
        struct Tree tree;

        tree_init(&tree);
        tree_file(&tree, "a/b/c.sql", "x", 0);
        tree_file(&tree, "d/e.sql", "x", 0);
        tree_file(&tree, "f.sql", "x", 0);

        for (size_t c = 0; c < ELEMENTSOF(calls); c++)
                for (size_t e = 0; e < ELEMENTSOF(errors); e++)
                        for (unsigned n = 1; n < 30; n++) {
                                _cleanup_(os_closep) int fd = os_open_directory(tree.path);
                                size_t n_files = 0, n_unreadable = 0;
                                bool triggered;
                                int r;

                                test_fail_call(calls[c], n, errors[e]);
                                r = scan_all(fd, &(struct ScanOptions){.recursive = true, .one_file_system = true},
                                             &said, NULL);
                                triggered = test_end_fault();

                                for (size_t i = 0; i < said.n; i++) {
                                        n_files += strncmp(said.lines[i], "file ", 5) == 0;
                                        n_unreadable += strncmp(said.lines[i], "unreadable ", 11) == 0;
                                }
                                if (!triggered || errors[e] == -EINTR)
                                        ck_assert(r == 0 && n_files == 3 && n_unreadable == 0);
                                else if (errors[e] == -ENOENT)
                                        ck_assert(r <= 0);
                                else
                                        ck_assert_msg(r < 0 || n_unreadable == 1, "call %u number %u: %d, %zu, %zu",
                                                      (unsigned)calls[c], n, r, n_files, n_unreadable);
                        }
        tree_done(&tree);
}
END_TEST

static int scan_for_allocations(void *userdata) {
        const struct ScanOptions options = {.recursive = true};
        _cleanup_(scan_freep) struct Scan *scan = NULL;
        struct Tree *tree = userdata;
        struct ScanEntry entry;
        int r;

        r = scan_new(tree->fd, &options, &scan);
        while (r >= 0 && (r = scan_next(scan, &entry)) > 0)
                ;
        return lseek(tree->fd, 0, SEEK_SET) < 0 ? 0 : r;
}

START_TEST(allocations_fail) {
        struct Tree tree;

        tree_init(&tree);
        tree_file(&tree, "a/b/c.sql", "x", 0);
        test_each_allocation_fails(scan_for_allocations, &tree);
        tree_done(&tree);
}
END_TEST

int main(void) {
        return test_run("scan", (const TTest *[]){
                                        sees_what_is_there,
                                        leaves_out_what_is_not_of_the_set,
                                        reads_the_stat,
                                        stops_at_the_depth_it_can_bear,
                                        reports_a_path_beyond_its_limit,
                                        survives_a_wide_directory,
                                        no_failure_is_silent,
                                        allocations_fail,
                                        NULL,
                                });
}
