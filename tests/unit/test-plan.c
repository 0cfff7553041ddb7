/* SPDX-License-Identifier: MIT */
#include "lib/plan.h"

#include <stdio.h>

#include "tests/set.h"
#include "tests/test.h"

#define N_COPIES_MAX 3
#define N_FILES_MAX 16

/* A set with its destinations, everything at its defaults until a test says otherwise. */
struct World {
        struct ConfigSet set;
        struct ConfigCopy copies[N_COPIES_MAX], *copy_list[N_COPIES_MAX];
        struct Index *index, *indexes[N_COPIES_MAX];
        struct Plan *plan;
        int64_t now;
        bool is_partial;

        /* What a catalog would know. */
        bool has_memory;
        uint8_t facts[N_COPIES_MAX][N_FILES_MAX], *fact_list[N_COPIES_MAX], flags[N_FILES_MAX];
        uint8_t copy_flags[N_COPIES_MAX][N_FILES_MAX], *copy_flag_list[N_COPIES_MAX];
        size_t n_removed;

        /* Of a part of a set. */
        const struct Index *whole;
        size_t n_backups, n_removals;
        bool is_clock_wrong, is_released;
};

static void world_init(struct World *world, size_t n_copies) {
        *world = (struct World){.set = test_set(), .now = test_usec("2026-11-20 12:00:00")};
        ck_assert_int_eq(index_new(&world->set, (struct HashKey){{1, 2}}, &world->index), 0);
        for (size_t i = 0; i < n_copies; i++) {
                world->copies[i] = (struct ConfigCopy){
                        .name = (char *)"nas",
                        .max_age_usec = USEC_INFINITY,
                        .policy.min_keep = 1,
                };
                world->copy_list[i] = &world->copies[i];
                world->fact_list[i] = world->facts[i];
                world->copy_flag_list[i] = world->copy_flags[i];
                ck_assert_int_eq(index_new(&world->set, (struct HashKey){{1, 2}}, &world->indexes[i]), 0);
        }
        world->set.copies = world->copy_list;
        world->set.n_copies = n_copies;
}

static void world_done(struct World *world) {
        plan_free(world->plan);
        index_free(world->index);
        for (size_t i = 0; i < world->set.n_copies; i++)
                index_free(world->indexes[i]);
}

static int world_try(struct World *world) {
        const struct PlanInput input = {
                .set = &world->set,
                .index = world->index,
                .copies = world->indexes,
                .now_usec = world->now,
                .source_is_partial = world->is_partial,
                .facts = world->has_memory ? world->fact_list : NULL,
                .copy_flags = world->has_memory ? world->copy_flag_list : NULL,
                .flags = world->has_memory ? world->flags : NULL,
                .n_removed = world->n_removed,
                .whole = world->whole,
                .n_backups = world->n_backups,
                .n_removals = world->n_removals,
                .is_clock_wrong = world->is_clock_wrong,
                .is_released = world->is_released,
        };
        int r = index_arrange(world->index);

        world->plan = plan_free(world->plan);
        return r < 0 ? r : plan_new(&input, &world->plan);
}

static void world_plan(struct World *world) {
        ck_assert_int_eq(world_try(world), 0);
}

/* "keep KeepLast", "hold newest mass", "remove", with " >0" for each destination it is to be copied to. */
static const char *verdict(struct World *world, const char *path) {
        struct PlanItem item = plan_item(world->plan, test_entry(world->index, path));
        static char buf[256];

        snprintf(buf, sizeof(buf), "%s", plan_verdict_name(item.verdict));
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++)
                if (item.kept_by & 1u << rule)
                        snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), " %s", policy_rule_name(rule));
        for (enum Hold hold = 0; hold < _HOLD_MAX; hold++)
                if (item.holds & 1u << hold)
                        snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), " %s", hold_name(hold));
        for (size_t i = 0; i < world->set.n_copies; i++)
                if (plan_copies(world->plan, test_entry(world->index, path), i))
                        snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf), " >%zu", i);
        return buf;
}

static void keep_last(struct Policy *policy, uint32_t n) {
        policy->rules = 1 << POLICY_KEEP_LAST;
        policy->count[POLICY_KEEP_LAST] = n;
}

static void see_days(struct Index *index, const char *prefix, unsigned from, unsigned to) {
        for (unsigned day = from; day <= to; day++) {
                char name[64];

                snprintf(name, sizeof(name), "%s-2026-11-%02u", prefix, day);
                ck_assert_int_ge(test_see(index, name, 0, day), 0);
        }
}

START_TEST(no_rules_keep_everything) {
        struct World world;

        world_init(&world, 0);
        see_days(world.index, "db", 1, 9);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "keep");
        ck_assert_uint_eq(plan_item(world.plan, 0).kept_by, RETAIN_NO_RULES);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_KEEP].n, 9);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_KEEP].bytes, 45);
        ck_assert_int_eq(plan_totals(world.plan)->next_usec, USEC_INFINITY);
        world_done(&world);
}
END_TEST

START_TEST(the_floor_holds) {
        struct World world;

        world_init(&world, 0);
        world.set.policy.rules = 1 << POLICY_KEEP_FOR;
        world.set.policy.span[POLICY_KEEP_FOR] = (struct Span){.days = 1};
        see_days(world.index, "db", 1, 5);
        see_days(world.index, "db", 29, 29);                  /* the future counts for nothing */
        test_see(world.index, "db-2026-11-06", world.now, 1); /* nor does what is still being written */
        for (uint32_t min_keep = 0; min_keep < 8; min_keep++) {
                world.set.policy.min_keep = min_keep;
                world_plan(&world);
                for (unsigned day = 1; day <= 5; day++) {
                        char name[64];

                        snprintf(name, sizeof(name), "db-2026-11-%02u", day);
                        ck_assert_str_eq(verdict(&world, name), 6 - day <= min_keep ? "hold newest" : "remove");
                }
                ck_assert_uint_eq(plan_totals(world.plan)->holds[HOLD_NEWEST], MIN(min_keep, 5u));
        }
        ck_assert_uint_eq(plan_totals(world.plan)->n_future, 1);
        ck_assert_uint_eq(plan_totals(world.plan)->n_settling, 1);
        ck_assert_int_eq(plan_totals(world.plan)->next_usec, world.now + world.set.settle_usec);
        world_done(&world);
}
END_TEST

START_TEST(a_mass_is_of_what_nothing_else_holds) {
        struct World world;

        world_init(&world, 0);
        keep_last(&world.set.policy, 1);
        world.set.remove_max_percent = 50;
        see_days(world.index, "db", 1, 6);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-06"), "keep KeepLast");
        ck_assert_str_eq(verdict(&world, "db-2026-11-05"), "hold mass");
        ck_assert_uint_eq(plan_totals(world.plan)->holds[HOLD_MASS], 5);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_HOLD].n, 5);

        world.set.policy.min_keep = 4; /* three of the five are held already: two are no mass */
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-05"), "hold newest");
        ck_assert_str_eq(verdict(&world, "db-2026-11-02"), "remove");
        world_done(&world);
}
END_TEST

START_TEST(a_partial_source_holds_all) {
        struct World world;

        world_init(&world, 0);
        keep_last(&world.set.policy, 1);
        see_days(world.index, "db", 1, 3);
        world.is_partial = true;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "hold source");
        ck_assert_str_eq(verdict(&world, "db-2026-11-03"), "keep KeepLast");
        world_done(&world);
}
END_TEST

START_TEST(a_stopped_series_is_stale) {
        struct World world;
        struct IndexEntry entry;

        world_init(&world, 0);
        keep_last(&world.set.policy, 1);
        world.set.expect_every_usec = 26 * USEC_PER_HOUR;
        see_days(world.index, "dead", 1, 3);
        see_days(world.index, "live", 18, 20);
        see_days(world.index, "writing", 1, 2);
        test_see(world.index, "writing-2026-11-20", world.now, 1);
        see_days(world.index, "future", 1, 2);
        see_days(world.index, "future", 28, 28);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "dead-2026-11-01"), "hold stale");
        ck_assert_str_eq(verdict(&world, "live-2026-11-18"), "remove");
        ck_assert_str_eq(verdict(&world, "writing-2026-11-01"), "remove");
        ck_assert_str_eq(verdict(&world, "future-2026-11-01"), "hold stale");

        /* It turns stale a moment after what was expected is late. */
        ck_assert(index_entry(world.index, test_entry(world.index, "live-2026-11-20"), &entry));
        ck_assert_int_eq(index_deadline(world.index, entry.series), test_usec("2026-11-21 02:00:00") + 1);
        world.now = test_usec("2026-11-21 02:00:00");
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "live-2026-11-18"), "remove");
        world.now++;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "live-2026-11-18"), "hold stale");
        world_done(&world);
}
END_TEST

START_TEST(what_has_no_time_is_kept) {
        enum IndexChange change;
        struct World world;
        uint32_t directory;

        world_init(&world, 1);
        keep_last(&world.set.policy, 1);
        keep_last(&world.copies[0].policy, 1);
        world.copies[0].max_age_usec = USEC_PER_DAY;
        world.set.age_from = CONFIG_AGE_FROM_NAME;
        test_see(world.index, "router", 0, 1);
        ck_assert_int_eq(index_directory(world.indexes[0], "", &directory), 0);
        world.set.expect_every_usec = 1;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "router"), "keep >0");
        ck_assert_uint_eq(plan_totals(world.plan)->n_timeless, 1);

        /* Some of a series have one. */
        world.set.age_from = CONFIG_AGE_FROM_BIRTH;
        test_see(world.index, "db-1999-01-01", world.now - 1, 1);
        ck_assert_int_eq(index_upsert(world.index, index_find_directory(world.index, ""), "db-1999-01-02", 13,
                                      &(struct BackupStat){.birth_usec = BACKUP_NO_BIRTH}, &change),
                         0);
        ck_assert_int_eq(index_upsert(world.indexes[0], directory, "db-1999-01-03", 13,
                                      &(struct BackupStat){.birth_usec = BACKUP_NO_BIRTH}, &change),
                         0);
        world.set.settle_usec = 0;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-1999-01-01"), "keep KeepLast >0");
        ck_assert_str_eq(verdict(&world, "db-1999-01-02"), "keep >0");
        world_done(&world);
}
END_TEST

START_TEST(copies_are_wanted_and_waited_for) {
        struct World world;

        world_init(&world, 3);
        keep_last(&world.set.policy, 1);
        world.copies[1].max_age_usec = 10 * USEC_PER_DAY + 12 * USEC_PER_HOUR;
        keep_last(&world.copies[2].policy, 2);
        see_days(world.index, "db", 8, 11);
        see_days(world.indexes[0], "db", 8, 9);
        test_see(world.indexes[0], "db-2026-11-10", 0, 99);                /* another size */
        test_see(world.indexes[0], "db-2026-11-11", 2 * USEC_PER_SEC, 11); /* another time */
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-08"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-09"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "hold uncopied >0 >1 >2");
        ck_assert_str_eq(verdict(&world, "db-2026-11-11"), "keep KeepLast >0 >1 >2");
        ck_assert_uint_eq(plan_totals(world.plan)->copies[0].n, 2);
        ck_assert_uint_eq(plan_totals(world.plan)->copies[0].bytes, 21);

        world.set.remove_uncopied = true;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "remove >0 >1 >2");
        world_done(&world);
}
END_TEST

START_TEST(a_destination_counts_what_it_has) {
        struct World world;

        world_init(&world, 1);
        keep_last(&world.copies[0].policy, 3);
        see_days(world.index, "db", 1, 4);
        see_days(world.indexes[0], "db", 10, 11); /* only there, and newer */
        test_see(world.indexes[0], "db-2026-11-04", 0, 4);
        see_days(world.indexes[0], "other", 12, 19);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-04"), "keep"); /* there already */
        ck_assert_str_eq(verdict(&world, "db-2026-11-03"), "keep");

        keep_last(&world.copies[0].policy, 4);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-03"), "keep >0");
        ck_assert_str_eq(verdict(&world, "db-2026-11-02"), "keep");

        /* In a directory that the destination does not have. */
        test_see(world.index, "a/db-2026-11-01", 0, 1);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "a/db-2026-11-01"), "keep >0");
        world_done(&world);
}
END_TEST

START_TEST(a_destinations_floor_wants_too) {
        struct World world;

        world_init(&world, 1);
        world.copies[0].policy.rules = 1 << POLICY_KEEP_FOR;
        world.copies[0].policy.span[POLICY_KEEP_FOR] = (struct Span){.days = 1};
        see_days(world.index, "db", 1, 4);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-04"), "keep >0");
        ck_assert_str_eq(verdict(&world, "db-2026-11-03"), "keep");
        world_done(&world);
}
END_TEST

START_TEST(what_settles_is_not_copied_yet) {
        struct World world;

        world_init(&world, 2);
        keep_last(&world.copies[1].policy, 9);
        test_see(world.index, "db-2026-11-20", world.now - 1, 1);
        test_see(world.index, "db-2026-11-19", 0, 1);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-20"), "keep");
        ck_assert_str_eq(verdict(&world, "db-2026-11-19"), "keep >0 >1");
        world_done(&world);
}
END_TEST

START_TEST(companions_go_with_their_backup) {
        struct World world;

        world_init(&world, 1);
        keep_last(&world.set.policy, 1);
        see_days(world.index, "db", 1, 2);
        test_see(world.index, "db-2026-11-01.md5", 0, 7);
        see_days(world.indexes[0], "db", 1, 2);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "hold uncopied >0");
        ck_assert_uint_eq(plan_totals(world.plan)->copies[0].bytes, 7);
        ck_assert_uint_eq(
                plan_totals(world.plan)->verdicts[PLAN_KEEP].n + plan_totals(world.plan)->verdicts[PLAN_HOLD].n, 2);
        test_see(world.indexes[0], "db-2026-11-01.md5", 0, 7);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "remove");
        world_done(&world);
}
END_TEST

START_TEST(copes_with_gaps) {
        struct World world;
        size_t n;

        world_init(&world, 1);
        keep_last(&world.set.policy, 1);
        world_plan(&world);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_KEEP].n, 0);
        see_days(world.index, "db", 1, 4);
        test_see(world.index, "a/b", 0, 1);
        index_forget(world.index, index_find_directory(world.index, ""), "db-2026-11-02", 13);
        index_begin(world.index);
        see_days(world.index, "db", 3, 4);
        ck_assert_int_eq(index_sweep(world.index, &n), 0);
        world_plan(&world);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_KEEP].n, 1);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_HOLD].n, 1);
        world_done(&world);
}
END_TEST

static void know(struct World *world, const char *path, size_t copy, enum PlanFact fact) {
        world->facts[copy][test_entry(world->index, path)] = (uint8_t)fact;
}

/* The catalog's word counts and not the look of a destination: decided once, and wanted until it is there. */
START_TEST(what_was_decided_stays_so) {
        struct World world;

        world_init(&world, 1);
        world.has_memory = true;
        keep_last(&world.set.policy, 1);
        world.set.policy.min_keep = 0;
        world.copies[0].max_age_usec = 2 * USEC_PER_DAY;
        see_days(world.index, "db", 12, 19);
        see_days(world.indexes[0], "db", 15, 15); /* looks copied; nobody verified it */
        know(&world, "db-2026-11-13", 0, PLAN_FACT_WANTED);
        know(&world, "db-2026-11-14", 0, PLAN_FACT_UNWANTED);
        know(&world, "db-2026-11-15", 0, PLAN_FACT_WANTED);
        know(&world, "db-2026-11-16", 0, PLAN_FACT_COPIED);
        know(&world, "db-2026-11-17", 0, PLAN_FACT_OVER);
        world.set.remove_max_percent = 100;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-12"), "remove"); /* too old, decided now */
        ck_assert_str_eq(verdict(&world, "db-2026-11-13"), "hold uncopied >0");
        ck_assert_str_eq(verdict(&world, "db-2026-11-14"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-15"), "hold uncopied >0");
        ck_assert_str_eq(verdict(&world, "db-2026-11-16"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-17"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-19"), "keep KeepLast >0");
        ck_assert(plan_wants(world.plan, test_entry(world.index, "db-2026-11-19"), 0));
        ck_assert(!plan_wants(world.plan, test_entry(world.index, "db-2026-11-12"), 0));
        ck_assert(!plan_wants(world.plan, test_entry(world.index, "db-2026-11-13"), 0)); /* decided before */
        world_done(&world);
}
END_TEST

/* A destination's own rules decide about what is new; what was wanted stays wanted though they would not keep it. */
START_TEST(own_rules_decide_once) {
        struct World world;

        world_init(&world, 1);
        world.has_memory = true;
        keep_last(&world.copies[0].policy, 1);
        see_days(world.index, "db", 10, 13);
        know(&world, "db-2026-11-10", 0, PLAN_FACT_WANTED);
        know(&world, "db-2026-11-12", 0, PLAN_FACT_OVER);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "keep >0");
        ck_assert_str_eq(verdict(&world, "db-2026-11-11"), "keep");
        ck_assert_str_eq(verdict(&world, "db-2026-11-12"), "keep");
        ck_assert_str_eq(verdict(&world, "db-2026-11-13"), "keep >0");
        world_done(&world);
}
END_TEST

/* The backup is there; its companion came later. */
START_TEST(a_missing_companion_is_a_missing_copy) {
        struct World world;

        world_init(&world, 1);
        world.has_memory = true;
        see_days(world.index, "db", 10, 10);
        test_see(world.index, "db-2026-11-10.sha256", 0, 1);
        know(&world, "db-2026-11-10", 0, PLAN_FACT_COPIED);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "keep >0");
        know(&world, "db-2026-11-10.sha256", 0, PLAN_FACT_COPIED);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "keep");
        world_done(&world);
}
END_TEST

START_TEST(flags_hold) {
        struct World world;

        world_init(&world, 0);
        world.has_memory = true;
        keep_last(&world.set.policy, 1);
        world.set.remove_max_percent = 100;
        see_days(world.index, "db", 10, 14);
        world.flags[test_entry(world.index, "db-2026-11-11")] = PLAN_FLAG_SUSPECT;
        world.flags[test_entry(world.index, "db-2026-11-12")] = PLAN_FLAG_CHANGED;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "remove");
        ck_assert_str_eq(verdict(&world, "db-2026-11-11"), "hold suspect");
        ck_assert_str_eq(verdict(&world, "db-2026-11-12"), "hold changed");
        world.set.on_change = CONFIG_ON_CHANGE_VERSION;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-12"), "remove");
        /* What is suspect does not stand for its series. */
        world.set.policy.rules = 1 << POLICY_KEEP_FOR;
        world.set.policy.span[POLICY_KEEP_FOR] = (struct Span){.days = 1};
        world.flags[test_entry(world.index, "db-2026-11-14")] = PLAN_FLAG_SUSPECT;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-14"), "hold suspect");
        ck_assert_str_eq(verdict(&world, "db-2026-11-13"), "hold newest");
        world.is_clock_wrong = true;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-10"), "hold clock");
        world_done(&world);
}
END_TEST

START_TEST(what_others_put_there_neither_counts_nor_goes) {
        struct World world;

        world_init(&world, 0);
        world.has_memory = true;
        keep_last(&world.set.policy, 1);
        world.set.policy.min_keep = 0;
        see_days(world.index, "db", 10, 14);
        world.flags[test_entry(world.index, "db-2026-11-14")] = PLAN_FLAG_FOREIGN;
        world.flags[test_entry(world.index, "db-2026-11-10")] = PLAN_FLAG_FOREIGN;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-13"), "keep KeepLast");
        ck_assert_str_eq(verdict(&world, "db-2026-11-12"), "remove");
        ck_assert_uint_eq(plan_totals(world.plan)->n_foreign, 2);
        ck_assert_uint_eq(plan_totals(world.plan)->verdicts[PLAN_REMOVE].n, 2);
        world_done(&world);
}
END_TEST

START_TEST(what_others_put_there_does_not_fill_its_rules) {
        struct World world;

        world_init(&world, 1);
        world.has_memory = true;
        keep_last(&world.copies[0].policy, 1);
        see_days(world.index, "db", 1, 1);
        see_days(world.indexes[0], "db", 10, 10); /* newer, and only there */
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "keep");
        world.copy_flags[0][test_entry(world.indexes[0], "db-2026-11-10")] = PLAN_FLAG_FOREIGN;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "keep >0");
        world_done(&world);
}
END_TEST

START_TEST(the_past_hour_counts_and_a_person_lifts_it) {
        struct World world;

        world_init(&world, 0);
        keep_last(&world.set.policy, 6);
        world.set.remove_max_percent = 50;
        see_days(world.index, "db", 1, 8);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "remove");
        world.n_removed = 5;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "hold mass");
        world.is_released = true;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01"), "remove");
        world_done(&world);
}
END_TEST

/* A series in which nothing counts, at a destination with rules. */
START_TEST(a_series_may_be_of_others_alone) {
        struct World world;

        world_init(&world, 1);
        world.has_memory = true;
        keep_last(&world.copies[0].policy, 1);
        see_days(world.index, "db", 1, 1);
        world.flags[test_entry(world.index, "db-2026-11-01")] = PLAN_FLAG_FOREIGN;
        world_plan(&world);
        ck_assert_uint_eq(plan_totals(world.plan)->n_foreign, 1);
        ck_assert(!plan_copies(world.plan, test_entry(world.index, "db-2026-11-01"), 0));
        world_done(&world);
}
END_TEST

/* Of eight files of a series in hand; what the other parts have and would remove comes as numbers. */
START_TEST(a_part_counts_with_the_whole) {
        static const struct {
                uint32_t n_kept;
                size_t n_backups, n_removals, n_removed;
                const char *verdict;
        } cases[] = {
                {4, 0, 0, 0, "remove"},                                  /* four of eight */
                {3, 0, 0, 0, "hold mass"},                               /* five of eight */
                {3, 9, 0, 0, "hold mass"},                               /* five of nine */
                {3, 10, 0, 0, "remove"},                                 /* five of ten */
                {1, 100, 0, 0, "remove"},                                /* seven of a hundred */
                {6, 100, 48, 0, "remove"},                               /* fifty of a hundred */
                {6, 100, 49, 0, "hold mass"}, {6, 100, 46, 4, "remove"}, /* 52 of what were 104 */
                {6, 100, 46, 5, "hold mass"},                            /* 53 of what were 105 */
                {7, 0, 1, 0, "remove"},                                  /* two are no mass */
                {7, 3, 1, 0, "remove"},       {7, 3, 2, 0, "hold mass"},     {7, 5, 2, 0, "hold mass"},
                {7, 6, 2, 0, "remove"},       {8, 9, 9, 0, "keep KeepLast"}, /* nothing of this part would go */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t n = 8 - cases[i].n_kept;
                bool is_mass = streq(cases[i].verdict, "hold mass");
                struct World world;
                char label[32];

                snprintf(label, sizeof(label), "row %zu", i);
                world_init(&world, 0);
                keep_last(&world.set.policy, cases[i].n_kept);
                world.set.remove_max_percent = 50;
                world.n_backups = cases[i].n_backups;
                world.n_removals = cases[i].n_removals;
                world.n_removed = cases[i].n_removed;
                see_days(world.index, "db", 1, 8);
                world_plan(&world);
                assert_row(streq(verdict(&world, "db-2026-11-01"), cases[i].verdict), label);
                /* The totals are of the part alone. */
                assert_row(plan_totals(world.plan)->holds[HOLD_MASS] == (is_mass ? n : 0), label);
                assert_row(plan_totals(world.plan)->verdicts[PLAN_HOLD].n == (is_mass ? n : 0), label);
                assert_row(plan_totals(world.plan)->verdicts[PLAN_REMOVE].n == (is_mass ? 0 : n), label);
                assert_row(plan_totals(world.plan)->verdicts[PLAN_KEEP].n == cases[i].n_kept, label);
                world_done(&world);
        }
}
END_TEST

/* With n_backups, what others put there is not taken off: whoever counted did. */
START_TEST(a_parts_number_is_taken_as_it_is) {
        struct World world;

        world_init(&world, 0);
        world.has_memory = true;
        keep_last(&world.set.policy, 1);
        world.set.remove_max_percent = 50;
        world.set.policy.min_keep = 0;
        see_days(world.index, "db", 10, 15);
        world.flags[test_entry(world.index, "db-2026-11-14")] = PLAN_FLAG_FOREIGN;
        world.flags[test_entry(world.index, "db-2026-11-10")] = PLAN_FLAG_FOREIGN;
        world_plan(&world); /* three of four */
        ck_assert_str_eq(verdict(&world, "db-2026-11-11"), "hold mass");
        world.n_backups = 6; /* three of six */
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-11"), "remove");
        world_done(&world);
}
END_TEST

/* An orphan of the destination that the source still has, as a companion and so outside of the part, is no backup. */
START_TEST(a_part_asks_what_the_whole_source_has) {
        _cleanup_(index_freep) struct Index *whole = NULL;
        struct World world;

        world_init(&world, 1);
        keep_last(&world.copies[0].policy, 1);
        ck_assert_int_eq(index_new(&world.set, (struct HashKey){{5, 6}}, &whole), 0);
        test_see(whole, "db-2026-11-01.md5", 0, 1);
        test_see(whole, "db-2026-11-02.md5", 0, 1);
        test_see(whole, "db-2026-11-02", 0, 1);
        ck_assert_int_eq(index_arrange(whole), 0);
        test_see(world.index, "db-2026-11-01.md5", 0, 1);
        test_see(world.indexes[0], "db-2026-11-02.md5", 0, 1);
        ck_assert_int_eq(index_arrange(world.indexes[0]), 0);
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01.md5"), "keep");
        world.whole = whole;
        world_plan(&world);
        ck_assert_str_eq(verdict(&world, "db-2026-11-01.md5"), "keep >0");
        world_done(&world);
}
END_TEST

START_TEST(allocations_fail) {
        struct World world;

        world_init(&world, 2);
        keep_last(&world.set.policy, 1);
        keep_last(&world.copies[1].policy, 2);
        see_days(world.index, "db", 1, 4);
        see_days(world.indexes[1], "db", 2, 9);
        ck_assert_int_eq(index_arrange(world.index), 0);
        test_each_allocation_fails((int (*)(void *))world_try, &world);
        world_done(&world);
}
END_TEST

int main(void) {
        return test_run("plan", (const TTest *[]){
                                        no_rules_keep_everything,
                                        the_floor_holds,
                                        a_mass_is_of_what_nothing_else_holds,
                                        a_partial_source_holds_all,
                                        a_stopped_series_is_stale,
                                        what_has_no_time_is_kept,
                                        copies_are_wanted_and_waited_for,
                                        a_destination_counts_what_it_has,
                                        a_destinations_floor_wants_too,
                                        what_settles_is_not_copied_yet,
                                        companions_go_with_their_backup,
                                        copes_with_gaps,
                                        what_was_decided_stays_so,
                                        own_rules_decide_once,
                                        a_missing_companion_is_a_missing_copy,
                                        flags_hold,
                                        what_others_put_there_neither_counts_nor_goes,
                                        what_others_put_there_does_not_fill_its_rules,
                                        the_past_hour_counts_and_a_person_lifts_it,
                                        a_series_may_be_of_others_alone,
                                        a_part_counts_with_the_whole,
                                        a_parts_number_is_taken_as_it_is,
                                        a_part_asks_what_the_whole_source_has,
                                        allocations_fail,
                                        NULL,
                                });
}
