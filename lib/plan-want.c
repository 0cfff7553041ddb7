/* SPDX-License-Identifier: MIT */
#include "lib/plan-internal.h"

#include <errno.h>

#include "lib/error.h"

/* The source's directories by the numbers they have at each destination, so that paths are compared once. */
int want_init(struct PlanWork *work) {
        uint32_t n = index_directory_end(work->input->index);

        work->directories = reallocarray(NULL, MAX(work->plan->n_copies * n, (size_t)1), sizeof(uint32_t));
        if (!work->directories)
                return -ENOMEM;
        for (size_t c = 0; c < work->plan->n_copies; c++)
                for (uint32_t d = 0; d < n; d++) {
                        const char *path = index_directory_path(work->input->index, d);

                        work->directories[c * n + d] =
                                path ? index_find_directory(work->input->copies[c], path) : INDEX_NONE;
                }
        return 0;
}

/* Without a catalog, what looks like the copy is taken for it. */
static bool is_present(const struct PlanWork *work, size_t copy, uint32_t source_id, const struct IndexEntry *entry) {
        uint32_t directory =
                work->directories[copy * index_directory_end(work->input->index) + entry->directory_number];
        struct IndexEntry there;
        uint32_t id;

        if (work->input->facts) {
                enum PlanFact fact = work->input->facts[copy][source_id];

                return fact == PLAN_FACT_COPIED || fact == PLAN_FACT_OVER;
        }
        if (directory == INDEX_NONE)
                return false;
        id = index_find(work->input->copies[copy], directory, entry->name, entry->n_name);
        return id != INDEX_NONE && index_entry(work->input->copies[copy], id, &there) &&
               backup_looks_copied(&entry->stat, &there.stat);
}

/* What of the backup is missing at the destination: itself, and its companions. */
static struct PlanCount missing(const struct PlanWork *work, size_t copy, uint32_t id) {
        struct PlanCount count = {};
        const uint32_t *companions;
        struct IndexEntry entry;
        size_t n;

        index_companions(work->input->index, id, &companions, &n);
        for (size_t i = 0; i <= n; i++) {
                uint32_t file = i < n ? companions[i] : id;

                index_entry(work->input->index, file, &entry);
                if (is_present(work, copy, file, &entry))
                        continue;
                count.n++;
                count.bytes += entry.stat.size;
        }
        return count;
}

static void set_copy(struct PlanWork *work, size_t copy, uint32_t id) {
        struct PlanCount count = missing(work, copy, id);

        if (plan_fact(work->input, copy, id) == PLAN_FACT_UNDECIDED)
                work->plan->wants[copy][id / 8] |= (uint8_t)(1 << (id % 8));
        if (count.n == 0)
                return;
        work->plan->copies[copy][id / 8] |= (uint8_t)(1 << (id % 8));
        work->plan->totals.copies[copy].n += count.n;
        work->plan->totals.copies[copy].bytes += count.bytes;
}

void want_done(struct PlanWork *work) {
        index_list_done(&work->copy_list);
        free(work->candidates);
        free(work->copy_items);
        free(work->directories);
}

static int candidate_compare(const void *pa, const void *pb) {
        const struct Candidate *a = pa, *b = pb;

        if (a->no_time != b->no_time)
                return a->no_time - b->no_time;
        return a->time_usec > b->time_usec ? -1 : a->time_usec < b->time_usec;
}

/* Whether the destination may want such a backup, its own rules aside. What was wanted once stays so. */
static bool is_eligible(const struct PlanWork *work, size_t copy, uint32_t id, const struct RetainItem *item) {
        switch (plan_fact(work->input, copy, id)) {
        case PLAN_FACT_WANTED:
        case PLAN_FACT_COPIED:
                return true;
        case PLAN_FACT_UNWANTED:
        case PLAN_FACT_OVER:
                return false;
        case PLAN_FACT_UNDECIDED:
        case _PLAN_FACT_MAX:
                break;
        }
        if (item->settling)
                return false;
        return item->no_time ||
               sub_saturated(work->input->now_usec, item->time_usec) <= work->input->set->copies[copy]->max_age_usec;
}

/* Adds what only the destination has of the series. */
static int gather_foreign(struct PlanWork *work, size_t copy, uint32_t series, size_t *n) {
        const struct Index *source = work->input->whole ? work->input->whole : work->input->index;
        struct Index *there = work->input->copies[copy];
        uint32_t series_there = index_find_series(there, work->input->index, series);
        int r;

        if (series_there == INDEX_NONE)
                return 0;
        r = index_read_series(there, series_there, &work->copy_list);
        if (r < 0)
                return r;
        r = plan_reserve((void **)&work->candidates, &work->n_candidates_allocated, *n + work->copy_list.n_ids,
                         sizeof(struct Candidate));
        if (r < 0)
                return r;
        for (size_t i = 0; i < work->copy_list.n_ids; i++) {
                struct IndexEntry entry;
                uint32_t directory;

                /* What we did not publish there stands for no backup: it could make us copy none. */
                if (work->input->copy_flags &&
                    work->input->copy_flags[copy][work->copy_list.ids[i]] & PLAN_FLAG_FOREIGN)
                        continue;
                index_entry(there, work->copy_list.ids[i], &entry);
                directory = index_find_directory(source, entry.directory);
                if (directory != INDEX_NONE && index_find(source, directory, entry.name, entry.n_name) != INDEX_NONE)
                        continue; /* the source's own is counted, with the backup's time and not the copy's */
                work->candidates[(*n)++] = (struct Candidate){
                        .time_usec = entry.time_usec,
                        .entry = INDEX_NONE,
                        .no_time = entry.time_from == BACKUP_TIME_NONE,
                };
        }
        return 0;
}

static int gather_own(struct PlanWork *work, size_t copy, size_t *n) {
        int r;

        r = plan_reserve((void **)&work->candidates, &work->n_candidates_allocated, work->list.n_ids,
                         sizeof(struct Candidate));
        if (r < 0)
                return r;
        for (size_t i = 0; i < work->list.n_ids; i++)
                if (is_eligible(work, copy, work->list.ids[i], &work->items[i]))
                        work->candidates[(*n)++] = (struct Candidate){
                                .time_usec = work->items[i].time_usec,
                                .entry = work->list.ids[i],
                                .no_time = work->items[i].no_time,
                        };
        return 0;
}

/*
 * The backups of the series that a destination with rules of its own wants: those that its rules, or its floor,
 * would keep if they were all there.
 */
static int want_by_rules(struct PlanWork *work, size_t copy, uint32_t series) {
        const struct PlanInput *input = work->input;
        const struct Policy *policy = &input->set->copies[copy]->policy;
        uint32_t n_good = 0;
        size_t n = 0;
        int64_t next;
        int r;

        r = gather_own(work, copy, &n);
        if (r < 0)
                return r;
        r = gather_foreign(work, copy, series, &n);
        if (r < 0)
                return r;
        if (n > 0)
                qsort(work->candidates, n, sizeof(struct Candidate), candidate_compare);

        r = plan_reserve((void **)&work->copy_items, &work->n_copy_items_allocated, n, sizeof(struct RetainItem));
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                work->copy_items[i] = (struct RetainItem){
                        .time_usec = work->candidates[i].time_usec,
                        .no_time = work->candidates[i].no_time,
                };
        retain_apply(policy, input->set->zone, input->now_usec, input->set->future_tolerance_usec, work->copy_items, n,
                     &next);
        for (size_t i = 0; i < n; i++) {
                const struct RetainItem *item = &work->copy_items[i];
                bool is_floor = plan_is_good(item) && n_good++ < policy->min_keep;
                uint32_t id = work->candidates[i].entry;

                if (id != INDEX_NONE &&
                    (item->kept_by != 0 || is_floor || plan_fact(input, copy, id) != PLAN_FACT_UNDECIDED))
                        set_copy(work, copy, id);
        }
        return 0;
}

int want_series(struct PlanWork *work, uint32_t series) {
        int r;

        for (size_t c = 0; c < work->plan->n_copies; c++) {
                if (work->input->set->copies[c]->policy.rules != 0) {
                        r = want_by_rules(work, c, series);
                        if (r < 0)
                                return r;
                        continue;
                }
                for (size_t i = 0; i < work->list.n_ids; i++)
                        if (is_eligible(work, c, work->list.ids[i], &work->items[i]))
                                set_copy(work, c, work->list.ids[i]);
        }
        return 0;
}
