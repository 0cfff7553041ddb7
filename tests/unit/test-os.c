/* SPDX-License-Identifier: MIT */
#include "lib/os.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fault.h"
#include "tests/test.h"
#include "tests/tree.h"

static char *path_in(const struct Tree *tree, const char *name) {
        static char buf[8][512];
        static unsigned next;
        char *p = buf[next++ % ELEMENTSOF(buf)];

        snprintf(p, sizeof(buf[0]), "%s/%s", tree->path, name);
        return p;
}

static unsigned count_entries(const char *path) {
        DIR *dir = opendir(path);
        unsigned n = 0;

        while (readdir(dir))
                n++;
        closedir(dir);
        return n - 2;
}

START_TEST(opens_no_links) {
        _cleanup_(os_closep) int fd = -1;
        char long_name[257];
        struct Tree tree;

        memset(long_name, 'n', 256);
        long_name[256] = '\0';
        tree_init(&tree);
        tree_file(&tree, "a/b/file", "x", 0);
        ck_assert_int_eq(symlinkat("a", tree.fd, "link"), 0);

        fd = os_open_directory(path_in(&tree, "a/b"));
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        ck_assert_int_eq(os_open_directory(path_in(&tree, "link")), -ELOOP);
        ck_assert_int_eq(os_open_directory(path_in(&tree, "link/b")), -ELOOP);
        ck_assert_int_eq(os_open_directory(path_in(&tree, "a/b/file")), -ENOTDIR);
        ck_assert_int_eq(os_open_directory(path_in(&tree, "none")), -ENOENT);

        ck_assert_int_eq(os_open_directory("relative"), -EINVAL);
        ck_assert_int_eq(os_open_directory(path_in(&tree, long_name)), -ENAMETOOLONG);
        fd = os_close(fd);
        fd = os_open_directory("/");
        ck_assert_int_ge(fd, 0);
        fd = os_close(fd);
        fd = os_open_directory("//tmp//");
        ck_assert_int_ge(fd, 0);

        fd = os_close(fd);
        fd = os_open_directory_at(tree.fd, "a");
        ck_assert_int_ge(fd, 0);
        ck_assert_int_lt(os_open_directory_at(tree.fd, "link"), 0);
        ck_assert_int_eq(os_close(-1), -1);
        tree_done(&tree);
}
END_TEST

START_TEST(reads_files) {
        _cleanup_(freep) char *data = NULL;
        struct Tree tree;
        struct statx st;
        size_t n;

        tree_init(&tree);
        tree_file(&tree, "file", "12345", 0);
        tree_file(&tree, "empty", NULL, 0);
        ck_assert_int_eq(mkfifoat(tree.fd, "fifo", 0600), 0);

        ck_assert_int_eq(os_read_file(path_in(&tree, "file"), 5, &data, &n, &st), 0);
        ck_assert_uint_eq(n, 5);
        ck_assert_str_eq(data, "12345");
        ck_assert_uint_eq(st.stx_size, 5);
        free(TAKE_PTR(data));
        ck_assert_int_eq(os_read_file(path_in(&tree, "empty"), 5, &data, &n, NULL), 0);
        ck_assert_uint_eq(n, 0);
        free(TAKE_PTR(data));
        ck_assert_int_eq(os_read_file(path_in(&tree, "file"), 4, &data, &n, NULL), -EFBIG);
        ck_assert_int_eq(os_read_file(tree.path, 5, &data, &n, NULL), -EISDIR);
        ck_assert_int_eq(os_read_file(path_in(&tree, "fifo"), 5, &data, &n, NULL), -EINVAL);
        ck_assert_int_eq(os_read_file("/dev/zero", 5, &data, &n, NULL), -EINVAL);
        ck_assert_int_eq(os_read_file(path_in(&tree, "none"), 5, &data, &n, NULL), -ENOENT);
        /* Claims to be empty, and is not. */
        ck_assert_int_eq(os_read_file("/proc/self/status", 16, &data, &n, NULL), -EFBIG);
        ck_assert_ptr_null(data);
        tree_done(&tree);
}
END_TEST

START_TEST(replaces_files) {
        _cleanup_(freep) char *data = NULL;
        struct Tree tree;
        struct stat st;
        size_t n;

        tree_init(&tree);
        tree_file(&tree, "outside", "untouched", 0);
        ck_assert_int_eq(symlinkat("outside", tree.fd, "list.log"), 0);
        umask(0077);
        ck_assert_int_eq(os_replace_file(path_in(&tree, "list.log"), "new", 3, 0640), 0);
        umask(0022);
        ck_assert_int_eq(fstatat(tree.fd, "list.log", &st, AT_SYMLINK_NOFOLLOW), 0);
        ck_assert(S_ISREG(st.st_mode));
        ck_assert_uint_eq(st.st_mode & 07777, 0640);
        ck_assert_int_eq(os_read_file(path_in(&tree, "outside"), 99, &data, &n, NULL), 0);
        ck_assert_str_eq(data, "untouched");

        ck_assert_int_eq(os_replace_file(path_in(&tree, "none/list.log"), "x", 1, 0640), -ENOENT);
        ck_assert_int_eq(os_replace_file("relative", "x", 1, 0640), -EINVAL);
        ck_assert_int_eq(os_replace_file(path_in(&tree, "directory/"), "x", 1, 0640), -EINVAL);
        tree_directory(&tree, "taken");
        ck_assert_int_eq(os_replace_file(path_in(&tree, "taken"), "x", 1, 0640), -EISDIR);
        ck_assert_uint_eq(count_entries(tree.path), 3);
        tree_done(&tree);
}
END_TEST

/* Each call in turn fails: the old content or the new, never a part, never a temporary file left. */
START_TEST(replaces_wholly_or_not) {
        static const int errors[] = {-EIO, -ENOSPC, -EINTR};
        struct Tree tree;

        tree_init(&tree);
        for (enum OsCall call = 0; call < _OS_CALL_MAX; call++)
                for (size_t e = 0; e < ELEMENTSOF(errors); e++)
                        for (unsigned nth = 1; nth <= 4; nth++) {
                                _cleanup_(freep) char *data = NULL;
                                size_t n;
                                int r;

                                ck_assert_int_eq(os_replace_file(path_in(&tree, "list.log"), "old", 3, 0640), 0);
                                test_fail_call(call, nth, errors[e]);
                                r = os_replace_file(path_in(&tree, "list.log"), "newer", 5, 0640);
                                test_end_fault();
                                ck_assert(r == 0 || r == errors[e]);
                                ck_assert(r == 0 || errors[e] != -EINTR);
                                ck_assert_int_eq(os_read_file(path_in(&tree, "list.log"), 99, &data, &n, NULL), 0);
                                ck_assert(streq(data, "newer") || (r < 0 && streq(data, "old")));
                                ck_assert_uint_eq(count_entries(tree.path), 1);
                        }
        tree_done(&tree);
}
END_TEST

START_TEST(knows_the_present) {
        int64_t now = os_now_usec();

        ck_assert_int_gt(now, INT64_C(1700000000) * USEC_PER_SEC);
        ck_assert_int_le(now, os_now_usec());
}
END_TEST

int main(void) {
        return test_run("os", (const TTest *[]){
                                      opens_no_links,
                                      reads_files,
                                      replaces_files,
                                      replaces_wholly_or_not,
                                      knows_the_present,
                                      NULL,
                              });
}
