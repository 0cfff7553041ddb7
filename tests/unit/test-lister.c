/* SPDX-License-Identifier: MIT */
#include "daemon/lister.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/os.h"
#include "tests/test.h"
#include "tests/tree.h"

/* The disk, the loop, and what was heard of it last. */
static struct Tree tree;
static sd_event *event;
static struct Lister *lister;
static char path[128];
static unsigned n_told;
static int told;
static bool was_late;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_hanging;
static unsigned n_opened;

/* A disk that does not answer. */
static int hang(enum OsCall call) {
        if (call != OS_FSYNC)
                return 0;
        pthread_mutex_lock(&mutex);
        n_opened++;
        pthread_cond_broadcast(&changed);
        while (is_hanging)
                pthread_cond_wait(&changed, &mutex);
        pthread_mutex_unlock(&mutex);
        return 0;
}

static void set_hanging(bool hanging) {
        pthread_mutex_lock(&mutex);
        is_hanging = hanging;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&mutex);
}

static void wait_until_it_hangs(void) {
        pthread_mutex_lock(&mutex);
        while (n_opened == 0)
                pthread_cond_wait(&changed, &mutex);
        pthread_mutex_unlock(&mutex);
}

static void on_told(void *userdata, const char *set, const char *which, int r, bool is_late) {
        ck_assert_ptr_eq(userdata, &tree);
        ck_assert_str_eq(set, "s");
        ck_assert_str_eq(which, path);
        n_told++;
        told = r;
        was_late = is_late;
}

static void set_up(int64_t patience_usec) {
        tree_init(&tree);
        snprintf(path, sizeof(path), "%s/list", tree.path);
        n_told = n_opened = 0;
        os_fault = hang;
        ck_assert_int_ge(sd_event_new(&event), 0);
        ck_assert_int_eq(lister_new(event, patience_usec, on_told, &tree, &lister), 0);
}

static void tear_down(void) {
        lister = lister_free(lister);
        event = sd_event_unref(event);
        os_fault = NULL;
        tree_done(&tree);
}

static void put(const char *line) {
        struct Text text = {};

        text_add(&text, line);
        ck_assert_int_eq(lister_write(lister, "s", path, &text), 0);
        ck_assert_ptr_null(text.data);
}

static void wait_for(unsigned n) {
        while (n_told < n)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        ck_assert_uint_eq(n_told, n);
}

static void assert_listing(const char *expected) {
        _cleanup_(freep) char *data = NULL;
        struct statx st;
        size_t n;

        ck_assert_int_eq(os_read_file(path, 100, &data, &n, &st), 0);
        ck_assert_str_eq(data, expected);
        ck_assert_uint_eq(st.stx_mode & 07777, 0640);
}

START_TEST(what_is_handed_over_is_written) {
        set_up(USEC_PER_MINUTE);
        ck_assert(lister_is_idle(lister));
        put("one\n");
        ck_assert(!lister_is_idle(lister));
        wait_for(1);
        ck_assert_int_eq(told, 0);
        ck_assert(lister_is_idle(lister) && !was_late);
        assert_listing("one\n");
        put("");
        wait_for(2);
        assert_listing("");
        tear_down();
}
END_TEST

START_TEST(what_fails_is_told) {
        set_up(USEC_PER_MINUTE);
        snprintf(path, sizeof(path), "%s/none/list", tree.path);
        put("one\n");
        wait_for(1);
        ck_assert_int_eq(told, -ENOENT);
        ck_assert(lister_is_idle(lister));
        tear_down();
}
END_TEST

START_TEST(the_newest_replaces_what_waits) {
        set_up(USEC_PER_MINUTE);
        set_hanging(true);
        put("one\n");
        wait_until_it_hangs();
        put("two\n");
        put("three\n");
        set_hanging(false);
        wait_for(1);
        ck_assert(!lister_is_idle(lister));
        wait_for(2);
        assert_listing("three\n");
        ck_assert(lister_is_idle(lister));
        tear_down();
        ck_assert_uint_eq(n_told, 2);
}
END_TEST

START_TEST(what_takes_long_is_told_once) {
        set_up(1);
        set_hanging(true);
        put("one\n");
        wait_for(1);
        ck_assert_int_eq(told, LISTER_E_LATE);
        ck_assert(lister_is_idle(lister));
        put("two\n");
        ck_assert_int_eq(sd_event_run(event, 0), 0);
        set_hanging(false);
        wait_for(2);
        ck_assert_int_eq(told, 0);
        ck_assert(was_late);
        /* Of the next, patience may end as well before it is written. */
        for (told = -1; told != 0;)
                ck_assert_int_ge(sd_event_run(event, UINT64_MAX), 0);
        assert_listing("two\n");
        tear_down();
}
END_TEST

int main(void) {
        return test_run("lister",
                        (const TTest *[]){what_is_handed_over_is_written, what_fails_is_told,
                                          the_newest_replaces_what_waits, what_takes_long_is_told_once, NULL});
}
