/* SPDX-License-Identifier: MIT */

/*
 * A part of a set, decided alone, against the whole, decided at once.
 *
 * A set is filled, arranged, and then changed without being arranged again. What index_scope() says must be known of
 * some of its files makes a small index; its plan must be, for every file in it, that of an index made anew of all
 * files. What the set takes over from the small index must be as if it had been arranged and planned itself; if it
 * changed meanwhile, what is asked next must be right again.
 *
 * A tenth of RETAIND_TEST_ROUNDS sets (of 30,000), from the seed RETAIND_TEST_SEED.
 */

#include <stdio.h>

#include "lib/index-internal.h"
#include "lib/plan.h"
#include "tests/set.h"
#include "tests/test.h"

#define N_FILES 64
#define N_COPIES_MAX 2
#define ROUNDS_DEFAULT 30000

struct File {
        char path[128];
        bool is_there;
        int64_t mtime;
        uint64_t size;
        uint8_t facts[N_COPIES_MAX], flags; /* what a catalog knows of it */
};

/* An index, and what was decided by it. */
struct Part {
        struct Index *index;
        uint8_t facts[N_COPIES_MAX][N_FILES], flags[N_FILES];
        struct Plan *plan;
};

struct World {
        struct ConfigSet set;
        struct ConfigCopy copies[N_COPIES_MAX], *copy_list[N_COPIES_MAX];
        struct Index *indexes[N_COPIES_MAX];
        uint8_t copy_flags[N_COPIES_MAX][N_FILES];
        struct File files[N_FILES];
        int64_t now;
        size_t n_removed;
        bool has_memory, is_partial, is_clock_wrong;
        struct Index *changed;
        struct Part part, whole;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t n) {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return random_state % n;
}

#define PICK(array) ((array)[random_below(ELEMENTSOF(array))])

/* Few words, so that owners, companions, companions of companions and namesakes meet. */
static void random_path(char path[static 128]) {
        static const char *const directories[] = {"", "", "x/", "2026-11-0#/", "x/2026-11-0#/"};
        static const char *const stems[] = {"a-2026-11-0#", "a-2026-11-0#", "b-2026-11-0#", "r"};
        static const char *const extensions[] = {"", ".tar", ".vma.zst", ".json", ".log"};
        static const char *const endings[] = {".sha256", ".asc", ".log", ".notes", ".json"};
        size_t n_endings = random_below(2) * random_below(4);

        snprintf(path, 128, "%s%s%s", PICK(directories), PICK(stems), PICK(extensions));
        for (; n_endings > 0; n_endings--)
                strcat(path, PICK(endings));
        for (char *p; (p = strchr(path, '#'));)
                *p = (char)('1' + random_below(4));
}

static void random_policy(struct Policy *policy) {
        static const enum PolicyRule rules[] = {POLICY_KEEP_LAST, POLICY_KEEP_DAILY, POLICY_KEEP_FOR};

        *policy = (struct Policy){.min_keep = (uint32_t)random_below(3)};
        if (random_below(4) == 0)
                return;
        policy->rules = 1u << PICK(rules);
        policy->count[POLICY_KEEP_LAST] = policy->count[POLICY_KEEP_DAILY] = 1 + (uint32_t)random_below(3);
        policy->span[POLICY_KEEP_FOR] = (struct Span){.days = 1 + (int32_t)random_below(4)};
}

static void random_files(struct World *world) {
        for (size_t i = 0; i < N_FILES; i++) {
                struct File *file = &world->files[i];
                bool is_new = true;

                *file = (struct File){
                        .mtime = world->now - (int64_t)random_below(9) * USEC_PER_DAY / 2,
                        .size = random_below(3),
                        .flags = (uint8_t)(random_below(8) == 0 ? random_below(16) : 0),
                };
                for (size_t c = 0; c < N_COPIES_MAX; c++)
                        file->facts[c] = (uint8_t)random_below(_PLAN_FACT_MAX);
                random_path(file->path);
                for (size_t j = 0; j < i; j++)
                        is_new = is_new && !streq(world->files[j].path, file->path);
                if (!is_new)
                        i--;
        }
}

static void see(struct Index *index, const struct File *file) {
        ck_assert_int_ge(test_see(index, file->path, file->mtime, file->size), 0);
}

static void new_index(const struct World *world, struct Index **ret) {
        ck_assert_int_eq(index_new(&world->set, (struct HashKey){{random_below(99), 2}}, ret), 0);
}

static void world_init(struct World *world) {
        *world = (struct World){.set = test_set(), .now = test_usec("2026-11-05 12:00:00")};
        random_policy(&world->set.policy);
        world->set.age_from = PICK(((const enum ConfigAgeFrom[]){CONFIG_AGE_FROM_AUTO, CONFIG_AGE_FROM_MODIFIED}));
        world->set.expect_every_usec = random_below(2) == 0 ? 2 * USEC_PER_DAY : USEC_INFINITY;
        world->set.remove_uncopied = random_below(3) == 0;
        world->set.n_copies = random_below(N_COPIES_MAX + 1);
        world->set.copies = world->copy_list;
        world->has_memory = random_below(2) == 0;
        world->set.remove_max_percent = random_below(2) == 0 ? 100 : (unsigned)random_below(100);
        world->n_removed = random_below(4);
        world->is_partial = random_below(9) == 0;
        world->is_clock_wrong = random_below(9) == 0;
        random_files(world);
        for (size_t c = 0; c < world->set.n_copies; c++) {
                world->copies[c] = (struct ConfigCopy){.name = (char *)"nas", .max_age_usec = USEC_INFINITY};
                random_policy(&world->copies[c].policy);
                world->copy_list[c] = &world->copies[c];
                new_index(world, &world->indexes[c]);
                for (size_t i = 0; i < N_FILES; i++)
                        if (random_below(3) == 0)
                                see(world->indexes[c], &world->files[i]);
                for (size_t i = 0; i < N_FILES; i++)
                        world->copy_flags[c][i] = random_below(5) == 0 ? PLAN_FLAG_FOREIGN : 0;
                ck_assert_int_eq(index_arrange(world->indexes[c]), 0);
        }
        new_index(world, &world->changed);
}

static void world_done(struct World *world) {
        index_free(world->changed);
        for (size_t c = 0; c < world->set.n_copies; c++)
                index_free(world->indexes[c]);
}

static void path_of(const struct Index *index, uint32_t id, char path[static 256]) {
        struct IndexEntry entry;

        ck_assert(index_entry(index, id, &entry));
        snprintf(path, 256, "%s%s%s", entry.directory, *entry.directory ? "/" : "", entry.name);
}

static const struct File *file_of(const struct World *world, const struct Index *index, uint32_t id) {
        char path[256];

        path_of(index, id, path);
        for (size_t i = 0; i < N_FILES; i++)
                if (streq(world->files[i].path, path))
                        return &world->files[i];
        ck_abort_msg("no %s", path);
}

/* Files come, change and go; a look may be in between. */
static void change(struct World *world, size_t n) {
        for (; n > 0; n--) {
                struct File *file = &PICK(world->files);
                struct IndexEntry entry;
                size_t n_swept;

                if (random_below(20) == 0) {
                        index_begin(world->changed);
                        for (size_t i = 0; i < N_FILES; i++) {
                                world->files[i].is_there = world->files[i].is_there && random_below(9) > 0;
                                if (world->files[i].is_there)
                                        see(world->changed, &world->files[i]);
                        }
                        ck_assert_int_eq(index_sweep(world->changed, &n_swept), 0);
                } else if (file->is_there && random_below(2) == 0) {
                        ck_assert(index_entry(world->changed, test_entry(world->changed, file->path), &entry));
                        index_forget(world->changed, entry.directory_number, entry.name, entry.n_name);
                        file->is_there = false;
                } else {
                        file->mtime += file->is_there ? USEC_PER_HOUR : 0;
                        file->is_there = true;
                        see(world->changed, file);
                }
        }
}

/* Some of those that are there, perhaps one of them twice. */
static size_t random_seeds(const struct World *world, uint32_t ids[static 4]) {
        size_t n = 0;

        for (size_t tries = 0; tries < 1000 && n < 4 && (n == 0 || random_below(2) == 0); tries++) {
                const struct File *file = &PICK(world->files);

                if (file->is_there)
                        ids[n++] = test_entry(world->changed, file->path);
        }
        return n;
}

/* Nothing but their mass may hold them. */
static size_t n_due(const struct Part *part) {
        return plan_totals(part->plan)->verdicts[PLAN_REMOVE].n + plan_totals(part->plan)->holds[HOLD_MASS];
}

/* Those of them that the other index has, too. */
static size_t n_due_in(const struct Part *part, struct Index *other) {
        size_t n = 0;

        ck_assert_int_eq(index_arrange(other), 0);
        for (uint32_t i = 0; i < index_entry_end(other); i++) {
                struct IndexEntry entry;
                struct PlanItem item;
                uint32_t id;

                ck_assert(index_entry(other, i, &entry));
                if (entry.is_companion)
                        continue;
                id = index_find(part->index, index_find_directory(part->index, entry.directory), entry.name,
                                entry.n_name);
                item = plan_item(part->plan, id);
                n += item.verdict == PLAN_REMOVE || (item.verdict == PLAN_HOLD && item.holds & 1 << HOLD_MASS);
        }
        return n;
}

/* Decides a part; whole is what it is a part of, decided already; NULL: nothing. */
static void plan(const struct World *world, struct Part *part, const struct Part *whole) {
        uint8_t *facts[N_COPIES_MAX], *copy_flags[N_COPIES_MAX];
        struct PlanInput input = {
                .set = &world->set,
                .index = part->index,
                .whole = whole ? world->changed : NULL,
                .copies = (struct Index **)world->indexes,
                .now_usec = world->now,
                .source_is_partial = world->is_partial,
                .is_clock_wrong = world->is_clock_wrong,
                .n_backups = whole ? index_n_backups(whole->index) - plan_totals(whole->plan)->n_foreign : 0,
                .n_removals = whole ? n_due(whole) - n_due_in(whole, part->index) : 0,
                .n_removed = world->n_removed,
        };

        ck_assert_int_eq(index_arrange(part->index), 0);
        for (size_t c = 0; c < world->set.n_copies; c++) {
                facts[c] = part->facts[c];
                copy_flags[c] = (uint8_t *)world->copy_flags[c];
        }
        for (uint32_t i = 0; i < index_entry_end(part->index); i++) {
                const struct File *file = file_of(world, part->index, i);

                part->flags[i] = file->flags;
                for (size_t c = 0; c < world->set.n_copies; c++)
                        part->facts[c][i] = file->facts[c];
        }
        if (world->has_memory) {
                input.facts = facts;
                input.flags = part->flags;
                input.copy_flags = copy_flags;
        }
        ck_assert_int_eq(plan_new(&input, &part->plan), 0);
}

static void assert_same_verdicts(const struct World *world) {
        for (uint32_t i = 0; i < index_entry_end(world->part.index); i++) {
                const struct File *file = file_of(world, world->part.index, i);
                uint32_t id = test_entry(world->whole.index, file->path);
                struct PlanItem a = plan_item(world->part.plan, i), b = plan_item(world->whole.plan, id);

                assert_row(a.verdict == b.verdict && a.kept_by == b.kept_by && a.holds == b.holds, file->path);
                for (size_t c = 0; c < world->set.n_copies; c++) {
                        assert_row(plan_copies(world->part.plan, i, c) == plan_copies(world->whole.plan, id, c),
                                   file->path);
                        assert_row(plan_wants(world->part.plan, i, c) == plan_wants(world->whole.plan, id, c),
                                   file->path);
                }
        }
}

/* Whether two indexes agree on that file: of which series, to be decided anew when, or a companion. */
static void assert_same_place(struct Index *a, struct Index *b, const char *path, bool with_deadline) {
        struct IndexEntry in_a, in_b;

        ck_assert(index_entry(a, test_entry(a, path), &in_a) && index_entry(b, test_entry(b, path), &in_b));
        assert_row(in_a.is_companion == in_b.is_companion, path);
        assert_row((in_a.series == INDEX_NONE) == in_a.is_companion, path);
        if (in_a.is_companion)
                return;
        assert_row(index_find_series(b, a, in_a.series) == in_b.series, path);
        if (with_deadline)
                assert_row(index_deadline(a, in_a.series) == index_deadline(b, in_b.series), path);
}

/* The part and the whole, from the files as they are, decided and compared. */
static void check_part(struct World *world, const struct IndexList *scope) {
        new_index(world, &world->part.index);
        new_index(world, &world->whole.index);
        for (size_t i = 0; i < N_FILES; i++)
                if (world->files[i].is_there)
                        see(world->whole.index, &world->files[i]);
        for (size_t i = 0; i < scope->n_ids; i++)
                see(world->part.index, file_of(world, world->changed, scope->ids[i]));
        ck_assert_uint_eq(index_n_entries(world->part.index), scope->n_ids); /* each once */
        plan(world, &world->whole, NULL);
        plan(world, &world->part, &world->whole);
        assert_same_verdicts(world);
}

static void part_done(struct Part *part) {
        part->plan = plan_free(part->plan);
        part->index = index_free(part->index);
}

static void check_seeds(struct World *world) {
        _cleanup_(index_list_done) struct IndexList scope = {};
        bool is_meanwhile = random_below(3) == 0;
        uint32_t seeds[4];
        size_t n = random_seeds(world, seeds);

        ck_assert_int_eq(index_scope(world->changed, seeds, n, &scope), 0);
        for (size_t i = 0; i < n; i++) {
                bool found = false;

                for (size_t j = 0; j < scope.n_ids; j++)
                        found = found || scope.ids[j] == seeds[i];
                ck_assert(found);
        }
        check_part(world, &scope);
        if (is_meanwhile)
                change(world, 1 + random_below(4));
        ck_assert_int_eq(index_adopt(world->changed, world->part.index), 0);
        for (size_t i = 0; i < scope.n_ids && !is_meanwhile; i++)
                assert_same_place(world->changed, world->whole.index,
                                  file_of(world, world->changed, scope.ids[i])->path, true);
        part_done(&world->part);
        part_done(&world->whole);
}

static void check_round(void) {
        static struct World world;

        world_init(&world);
        change(&world, random_below(3 * N_FILES));
        ck_assert_int_eq(index_arrange(world.changed), 0);
        for (size_t n = 1 + random_below(4); n > 0; n--) {
                change(&world, random_below(9));
                check_seeds(&world);
        }
        ck_assert_int_eq(index_arrange(world.changed), 0);
        new_index(&world, &world.whole.index);
        for (size_t i = 0; i < N_FILES; i++)
                if (world.files[i].is_there)
                        see(world.whole.index, &world.files[i]);
        ck_assert_int_eq(index_arrange(world.whole.index), 0);
        ck_assert_uint_eq(index_n_backups(world.changed), index_n_backups(world.whole.index));
        for (size_t i = 0; i < N_FILES; i++)
                if (world.files[i].is_there)
                        assert_same_place(world.changed, world.whole.index, world.files[i].path, false);
        part_done(&world.whole);
        world_done(&world);
}

static unsigned long setting(const char *name, unsigned long fallback) {
        const char *text = getenv(name);

        return text && *text ? strtoul(text, NULL, 10) : fallback;
}

START_TEST(a_part_is_decided_as_in_the_whole) {
        unsigned long rounds = setting("RETAIND_TEST_ROUNDS", ROUNDS_DEFAULT) / 10;

        random_state = setting("RETAIND_TEST_SEED", 20261120);
        fprintf(stderr, "# %lu sets from the seed %llu\n", rounds, (unsigned long long)random_state);
        for (unsigned long i = 0; i < rounds; i++)
                check_round();
}
END_TEST

int main(void) {
        return test_run("scope-model", (const TTest *[]){a_part_is_decided_as_in_the_whole, NULL});
}
