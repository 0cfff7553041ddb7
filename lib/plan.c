/* SPDX-License-Identifier: MIT */
#include "lib/plan.h"

#include <errno.h>

#include "lib/error.h"
#include "lib/plan-internal.h"

/* Of a verdict: what keeps the backup below, what holds it above. */
#define KEPT_BY_BITS 20
#define KEPT_BY_MASK ((UINT32_C(1) << KEPT_BY_BITS) - 1)

/* Nothing keeps it, nothing holds it; and of what is no backup: no verdict at all. */
#define VERDICT_REMOVE 0
#define VERDICT_NONE UINT32_MAX

static_assert(RETAIN_SETTLING <= KEPT_BY_MASK, "what keeps a backup does not fit beside its holds");
static_assert(KEPT_BY_BITS + _HOLD_MAX <= 32, "the holds do not fit beside what keeps a backup");

const char *plan_verdict_name(enum PlanVerdict verdict) {
        static const char *const names[_PLAN_VERDICT_MAX] = {
                [PLAN_KEEP] = "keep",
                [PLAN_REMOVE] = "remove",
                [PLAN_HOLD] = "hold",
        };

        return names[verdict];
}

struct Plan *plan_free(struct Plan *plan) {
        if (!plan)
                return NULL;
        for (size_t i = 0; i < plan->n_copies; i++)
                free(plan->copies[i]);
        for (size_t i = 0; plan->wants && i < plan->n_copies; i++)
                free(plan->wants[i]);
        free(plan->wants);
        free(plan->copies);
        free(plan->verdicts);
        free(plan->totals.copies);
        free(plan);
        return NULL;
}

int plan_reserve(void **array, size_t *n_allocated, size_t n, size_t size) {
        void *p;

        if (n <= *n_allocated)
                return 0;
        p = reallocarray(*array, n + n / 2, size);
        if (!p)
                return -ENOMEM;
        *array = p;
        *n_allocated = n + n / 2;
        return 0;
}

/* At that moment, if it is yet to come, the series in hand is to be decided anew. */
static void mark_change(struct PlanWork *work, int64_t usec) {
        if (usec > work->input->now_usec)
                work->next_usec = MIN(work->next_usec, usec);
}

/* Fills work->items from work->list. */
static int gather(struct PlanWork *work) {
        const struct PlanInput *input = work->input;
        int r;

        work->next_usec = USEC_INFINITY;
        r = plan_reserve((void **)&work->items, &work->n_items_allocated, work->list.n_ids, sizeof(struct RetainItem));
        if (r < 0)
                return r;
        r = plan_reserve((void **)&work->sizes, &work->n_sizes_allocated, work->list.n_ids, sizeof(uint64_t));
        if (r < 0)
                return r;
        for (size_t i = 0; i < work->list.n_ids; i++) {
                struct IndexEntry entry;

                index_entry(input->index, work->list.ids[i], &entry);
                work->sizes[i] = entry.stat.size;
                work->items[i] = (struct RetainItem){
                        .time_usec = entry.time_usec,
                        .no_time = entry.time_from == BACKUP_TIME_NONE,
                        .settling = backup_is_settling(entry.stat.mtime_usec, input->now_usec, input->set->settle_usec),
                };
                if (input->set->settle_usec > 0)
                        mark_change(work, backup_settling_since(entry.stat.mtime_usec, input->set->settle_usec));
                if (work->items[i].settling)
                        mark_change(work, add_saturated(entry.stat.mtime_usec, input->set->settle_usec));
        }
        return 0;
}

/* Whether nothing fresh came for ExpectEvery=; what is still being written is fresh all the same. */
static bool is_stale(struct PlanWork *work) {
        const struct PlanInput *input = work->input;

        for (size_t i = 0; i < work->list.n_ids; i++)
                if (!(work->items[i].kept_by & (RETAIN_FUTURE | RETAIN_NO_TIME)) &&
                    !(plan_flags(input, work->list.ids[i]) & PLAN_FLAG_SUSPECT)) {
                        mark_change(work,
                                    add_saturated(
                                            add_saturated(work->items[i].time_usec, input->set->expect_every_usec), 1));
                        return hold_is_stale(work->items[i].time_usec, input->now_usec, input->set->expect_every_usec);
                }
        return false;
}

static bool is_uncopied(const struct PlanWork *work, uint32_t id) {
        for (size_t c = 0; c < work->plan->n_copies; c++)
                if (plan_copies(work->plan, id, c))
                        return !work->input->set->remove_uncopied;
        return false;
}

/* Counts what is remarkable about a backup whatever its verdict. */
static void count_state(struct PlanTotals *totals, uint32_t kept_by) {
        totals->n_future += (kept_by & RETAIN_FUTURE) != 0;
        totals->n_timeless += (kept_by & RETAIN_NO_TIME) != 0;
        totals->n_settling += (kept_by & RETAIN_SETTLING) != 0;
}

/* Counts a verdict, for the sums and for its holds. */
static void count_verdict(struct PlanTotals *totals, struct PlanItem item, uint64_t bytes) {
        totals->verdicts[item.verdict].n++;
        totals->verdicts[item.verdict].bytes += bytes;
        for (enum Hold hold = 0; hold < _HOLD_MAX; hold++)
                totals->holds[hold] += (item.holds >> hold) & 1;
        if (item.verdict == PLAN_HOLD && item.holds == 1 << HOLD_UNCOPIED) {
                totals->once_copied.n++;
                totals->once_copied.bytes += bytes;
        }
}

static void judge_series(struct PlanWork *work) {
        uint32_t of_all = (work->input->source_is_partial ? 1 << HOLD_SOURCE : 0) |
                          (work->input->is_clock_wrong ? 1 << HOLD_CLOCK : 0) | (is_stale(work) ? 1 << HOLD_STALE : 0);
        uint32_t n_good = 0;

        for (size_t i = 0; i < work->list.n_ids; i++) {
                uint32_t id = work->list.ids[i], kept_by = work->items[i].kept_by, holds = of_all;
                uint8_t flags = plan_flags(work->input, id);

                if (flags & PLAN_FLAG_SUSPECT)
                        holds |= 1 << HOLD_SUSPECT;
                else if (plan_is_good(&work->items[i]) && n_good++ < work->input->set->policy.min_keep)
                        holds |= 1 << HOLD_NEWEST;
                if (flags & PLAN_FLAG_CHANGED && work->input->set->on_change == CONFIG_ON_CHANGE_ALARM)
                        holds |= 1 << HOLD_CHANGED;
                if (is_uncopied(work, id))
                        holds |= 1 << HOLD_UNCOPIED;
                work->plan->verdicts[id] = kept_by != 0 ? kept_by : holds << KEPT_BY_BITS;
                count_state(&work->plan->totals, kept_by);
                count_verdict(&work->plan->totals, plan_item(work->plan, id), work->sizes[i]);
        }
}

/* What others put at a destination neither counts nor goes. */
static void leave_out_foreign(struct PlanWork *work) {
        size_t n = 0;

        for (size_t i = 0; i < work->list.n_ids; i++) {
                uint32_t id = work->list.ids[i];

                if (plan_flags(work->input, id) & PLAN_FLAG_FOREIGN)
                        work->plan->totals.n_foreign++;
                else
                        work->list.ids[n++] = id;
        }
        work->list.n_ids = n;
}

static int plan_series(struct PlanWork *work, uint32_t series) {
        const struct PlanInput *input = work->input;
        int64_t next;
        int r;

        r = index_read_series(input->index, series, &work->list);
        if (r < 0)
                return r;
        leave_out_foreign(work);
        r = gather(work);
        if (r < 0)
                return r;
        retain_apply(&input->set->policy, input->set->zone, input->now_usec, input->set->future_tolerance_usec,
                     work->items, work->list.n_ids, &next);
        mark_change(work, next);
        r = want_series(work, series);
        if (r < 0)
                return r;
        judge_series(work);

        index_set_deadline(input->index, series, work->next_usec);
        work->plan->totals.next_usec = MIN(work->plan->totals.next_usec, work->next_usec);
        return 0;
}

/* The backups that the policy is for: at a destination, those that are ours. */
static size_t n_of_policy(const struct PlanWork *work) {
        if (work->input->n_backups > 0)
                return work->input->n_backups;
        return index_n_backups(work->input->index) - work->plan->totals.n_foreign;
}

/* If what would be removed is too much at once, holds all of it. */
static void judge_set(struct PlanWork *work) {
        const struct PlanInput *input = work->input;
        struct PlanTotals *totals = &work->plan->totals;
        struct PlanCount *removals = &totals->verdicts[PLAN_REMOVE], *held = &totals->verdicts[PLAN_HOLD];

        if (input->is_released || !hold_is_mass(removals->n + input->n_removals, input->n_removed, n_of_policy(work),
                                                input->set->remove_max_percent))
                return;
        for (uint32_t id = 0; id < index_entry_end(input->index); id++)
                if (work->plan->verdicts[id] == VERDICT_REMOVE)
                        work->plan->verdicts[id] = UINT32_C(1) << (KEPT_BY_BITS + HOLD_MASS);
        held->n += removals->n;
        held->bytes += removals->bytes;
        totals->holds[HOLD_MASS] = removals->n;
        *removals = (struct PlanCount){};
}

static int plan_allocate(const struct PlanInput *input, struct Plan **ret) {
        _cleanup_(plan_freep) struct Plan *plan = NULL;
        size_t n = index_entry_end(input->index);

        plan = calloc(1, sizeof(*plan));
        if (!plan)
                return -ENOMEM;
        plan->totals.next_usec = USEC_INFINITY;
        plan->verdicts = reallocarray(NULL, MAX(n, (size_t)1), sizeof(uint32_t));
        plan->copies = calloc(MAX(input->set->n_copies, (size_t)1), sizeof(uint8_t *));
        plan->wants = calloc(MAX(input->set->n_copies, (size_t)1), sizeof(uint8_t *));
        plan->totals.copies = calloc(MAX(input->set->n_copies, (size_t)1), sizeof(struct PlanCount));
        if (!plan->verdicts || !plan->copies || !plan->wants || !plan->totals.copies)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                plan->verdicts[i] = VERDICT_NONE;
        for (; plan->n_copies < input->set->n_copies; plan->n_copies++) {
                uint8_t *copies = calloc(n / 8 + 1, 1), *wants = calloc(n / 8 + 1, 1);

                if (!copies || !wants) {
                        free(copies);
                        free(wants);
                        return -ENOMEM;
                }
                plan->copies[plan->n_copies] = copies;
                plan->wants[plan->n_copies] = wants;
        }
        *ret = TAKE_PTR(plan);
        return 0;
}

static void work_done(struct PlanWork *work) {
        index_list_done(&work->list);
        free(work->items);
        free(work->sizes);
        want_done(work);
}

int plan_new(const struct PlanInput *input, struct Plan **ret) {
        _cleanup_(plan_freep) struct Plan *plan = NULL;
        _cleanup_(work_done) struct PlanWork work = {.input = input};
        int r;

        r = plan_allocate(input, &plan);
        if (r < 0)
                return r;
        work.plan = plan;
        r = want_init(&work);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < index_series_end(input->index); i++) {
                if (!index_has_series(input->index, i))
                        continue;
                r = plan_series(&work, i);
                if (r < 0)
                        return r;
        }
        judge_set(&work);
        *ret = TAKE_PTR(plan);
        return 0;
}

struct PlanItem plan_item(const struct Plan *plan, uint32_t entry) {
        uint32_t kept_by = plan->verdicts[entry] & KEPT_BY_MASK, holds = plan->verdicts[entry] >> KEPT_BY_BITS;

        return (struct PlanItem){
                .verdict = kept_by != 0 ? PLAN_KEEP
                           : holds != 0 ? PLAN_HOLD
                                        : PLAN_REMOVE,
                .kept_by = kept_by,
                .holds = holds,
        };
}

bool plan_copies(const struct Plan *plan, uint32_t entry, size_t copy) {
        return plan->copies[copy][entry / 8] >> (entry % 8) & 1;
}

bool plan_wants(const struct Plan *plan, uint32_t entry, size_t copy) {
        return plan->wants[copy][entry / 8] >> (entry % 8) & 1;
}

const struct PlanTotals *plan_totals(const struct Plan *plan) {
        return &plan->totals;
}
