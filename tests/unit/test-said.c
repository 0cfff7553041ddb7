/* SPDX-License-Identifier: MIT */
#include "daemon/said.h"

#include <stdio.h>

#include "tests/test.h"

START_TEST(what_stays_is_said_once) {
        const struct Event held = {.kind = EVENT_HELD, .hold = "mass", .reason = "12"};
        struct Said said = {};

        ck_assert(!said_again(&said, &held));
        for (unsigned pass = 0; pass < 3; pass++) {
                said_turn(&said, true);
                ck_assert(said_again(&said, &held));
        }
        /* A pass in which it was not so, and it is news. */
        said_turn(&said, true);
        said_turn(&said, true);
        ck_assert(!said_again(&said, &held));
        said_done(&said);
        ck_assert(!said_again(&said, &held));
        said_done(&said);
}
END_TEST

START_TEST(what_differs_is_said) {
        static const struct Event events[] = {
                {.kind = EVENT_COPY_FAILED},
                {.kind = EVENT_REMOVE_FAILED},
                {.kind = EVENT_COPY_FAILED, .file = "a"},
                {.kind = EVENT_COPY_FAILED, .file = "b"},
                {.kind = EVENT_COPY_FAILED, .destination = "a"},
                {.kind = EVENT_COPY_FAILED, .hold = "a"},
                {.kind = EVENT_COPY_FAILED, .reason = "a"},
                {.kind = EVENT_COPY_FAILED, .error = ENOSPC},
                {.kind = EVENT_COPY_FAILED, .error = EIO},
        };
        struct Said said = {};

        for (size_t i = 0; i < ELEMENTSOF(events); i++) {
                ck_assert(!said_again(&said, &events[i]));
                said_turn(&said, true);
                for (size_t k = 0; k < ELEMENTSOF(events); k++)
                        ck_assert_msg(said_again(&said, &events[k]) == (k == i), "%zu after %zu", k, i);
                said_done(&said);
        }
}
END_TEST

/* When, how large and which one it was makes no other state. */
START_TEST(what_is_beside_the_point_is_the_same) {
        struct Event event = {.kind = EVENT_COPY_FAILED, .file = "a", .error = ENOSPC};
        struct Said said = {};

        ck_assert(!said_again(&said, &event));
        said_turn(&said, true);
        event.usec = 1;
        event.id[0] = 1;
        event.has_size = true;
        event.size = 1;
        event.duration_usec = 1;
        ck_assert(said_again(&said, &event));
        said_done(&said);
}
END_TEST

START_TEST(what_was_done_is_always_news) {
        static const enum EventKind states[] = {
                EVENT_COPY_FAILED,
                EVENT_PUT_BACK,
                EVENT_REMOVE_FAILED,
                EVENT_DESTINATION_MISSING,
                EVENT_DESTINATION_BUSY,
                EVENT_DESTINATION_HUNG,
                EVENT_METADATA,
                EVENT_SOURCE_HELD,
                EVENT_HELD,
        };
        struct Said said = {};

        for (enum EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++)
                ck_assert(!said_again(&said, &(struct Event){.kind = kind, .file = "a"}));
        said_turn(&said, true);
        for (enum EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                bool is_state = false;

                for (size_t i = 0; i < ELEMENTSOF(states); i++)
                        is_state = is_state || states[i] == kind;
                assert_row(said_again(&said, &(struct Event){.kind = kind, .file = "a"}) == is_state, event_name(kind));
        }
        said_done(&said);
}
END_TEST

START_TEST(sentences_are_said_once_too) {
        struct Said said = {};

        ck_assert(!said_again_text(&said, "/from"));
        said_turn(&said, true);
        ck_assert(said_again_text(&said, "/from"));
        ck_assert(!said_again_text(&said, "/to"));
        said_turn(&said, true);
        ck_assert(said_again_text(&said, "/to"));
        said_done(&said);
}
END_TEST

/* A pass over a part says nothing of the rest, whose states stay said. */
START_TEST(a_part_leaves_the_rest) {
        struct Said said = {};

        ck_assert(!said_again_text(&said, "/from"));
        said_turn(&said, true);
        for (unsigned i = 0; i < 3; i++) {
                ck_assert_int_eq(said_again_text(&said, "/part"), i > 0);
                said_turn(&said, false);
        }
        ck_assert_uint_eq(said.n_before, 2);
        ck_assert(said_again_text(&said, "/from"));
        said_turn(&said, true);
        ck_assert(!said_again_text(&said, "/part"));
        said_done(&said);
}
END_TEST

/* Of more than is remembered, the rest is said again; never is something kept back that was not said. */
START_TEST(there_is_a_limit) {
        enum { N = 12000 };
        size_t n_again = 0;
        struct Said said = {};
        char name[16];

        for (unsigned i = 0; i < N; i++) {
                snprintf(name, sizeof(name), "%u", i);
                ck_assert(!said_again(&said, &(struct Event){.kind = EVENT_COPY_FAILED, .file = name}));
        }
        said_turn(&said, true);
        for (unsigned i = 0; i < N; i++) {
                snprintf(name, sizeof(name), "%u", i);
                n_again += said_again(&said, &(struct Event){.kind = EVENT_COPY_FAILED, .file = name});
        }
        ck_assert_uint_eq(n_again, 10000);
        said_done(&said);
}
END_TEST

int main(void) {
        return test_run("said", (const TTest *[]){
                                        what_stays_is_said_once,
                                        what_differs_is_said,
                                        what_is_beside_the_point_is_the_same,
                                        what_was_done_is_always_news,
                                        sentences_are_said_once_too,
                                        a_part_leaves_the_rest,
                                        there_is_a_limit,
                                        NULL,
                                });
}
