/* SPDX-License-Identifier: MIT */
#include "daemon/report.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/pass.h"
#include "daemon/progress.h"
#include "daemon/terminal.h"
#include "lib/listing.h"
#include "lib/span.h"
#include "lib/text.h"

#define FLUSH_AT (64 * 1024)
#define FILE_WIDTH_MIN 20

/* Of the copies that a destination's own rules let go, so many are named. */
#define N_REMOVALS_SHOWN 20

struct Row {
        uint32_t entry;
        size_t file, why; /* where in the text they begin */
        size_t n_file, n_why;
        size_t file_width;
};

/* A series, or all that have no timestamp, about to be printed. */
struct Table {
        const struct Keeper *keeper;
        int64_t now_usec;
        struct Text text;
        struct Row *rows;
        size_t n_rows, n_allocated;
};

/* A series by its name, to be printed in their order. */
struct SeriesName {
        uint32_t series;
        size_t name; /* in the text, terminated */
};

static int flush(struct Text *text) {
        int r = text_error(text);

        if (r < 0)
                return r;
        if (fwrite(text->data, 1, text->n, stdout) != text->n)
                return -EIO;
        text_clear(text);
        return 0;
}

static int report_json(const struct Keeper *keeper) {
        const struct ListingPlan plan = {keeper->set, keeper->source.index, keeper->source.plan};
        _cleanup_(index_list_done) struct IndexList list = {};
        _cleanup_(text_done) struct Text text = {};
        _cleanup_(freep) char *name = NULL;
        size_t n_name = 0;
        int r;

        for (uint32_t series = 0; series < index_series_end(keeper->source.index); series++) {
                if (!index_has_series(keeper->source.index, series))
                        continue;
                r = index_series_name(keeper->source.index, series, &name, &n_name);
                if (r < 0)
                        return r;
                r = index_read_series(keeper->source.index, series, &list);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < list.n_ids; i++) {
                        listing_add_json(&plan, list.ids[i], name, &text);
                        r = text.n >= FLUSH_AT ? flush(&text) : 0;
                        if (r < 0)
                                return r;
                }
        }
        return flush(&text);
}

/* A rule as it stands in the configuration: "KeepDaily=7". */
static void add_rule(struct Text *text, const struct Policy *policy, enum PolicyRule rule) {
        char buf[SPAN_TEXT_MAX];

        text_add(text, policy_rule_name(rule));
        text_add(text, "=");
        if (rule == POLICY_KEEP_FOR || rule >= POLICY_KEEP_WITHIN)
                text_add(text, span_format(&policy->span[rule], buf));
        else if (policy->count[rule] == POLICY_ALL)
                text_add(text, "all");
        else
                text_add_number(text, policy->count[rule]);
}

static void add_separator(struct Text *text, size_t begin, const char *separator) {
        if (text->n > begin)
                text_add(text, separator);
}

static void add_why_kept(struct Text *text, const struct Policy *policy, uint32_t kept_by) {
        size_t begin = text->n;

        if (kept_by & RETAIN_SETTLING)
                text_add(text, "settling");
        if (kept_by & RETAIN_FUTURE)
                text_add(text, "dated in the future");
        if (kept_by & RETAIN_NO_TIME)
                text_add(text, "its time is unknown (AgeFrom=)");
        if (kept_by & RETAIN_NO_RULES) {
                add_separator(text, begin, "; ");
                text_add(text, "no rule removes it");
        }
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++)
                if (kept_by & UINT32_C(1) << rule) {
                        add_separator(text, begin, ", ");
                        add_rule(text, policy, rule);
                }
}

static void add_why(struct Text *text, const struct Keeper *keeper, uint32_t id) {
        struct PlanItem item = plan_item(keeper->source.plan, id);
        size_t begin = text->n;
        bool first = true;

        switch (item.verdict) {
        case PLAN_KEEP:
                add_why_kept(text, &keeper->set->policy, item.kept_by);
                break;
        case PLAN_REMOVE:
                text_add(text, "no rule keeps it");
                break;
        case PLAN_HOLD:
                text_add(text, "held as ");
                for (enum Hold hold = 0; hold < _HOLD_MAX; hold++)
                        if (item.holds & UINT32_C(1) << hold) {
                                text_add(text, first ? "" : ", ");
                                text_add(text, hold_name(hold));
                                first = false;
                        }
                text_add(text, "; no rule keeps it");
                break;
        case _PLAN_VERDICT_MAX:
                break;
        }

        first = true;
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                if (plan_copies(keeper->source.plan, id, c)) {
                        add_separator(text, begin, first ? "; copy to " : ", ");
                        text_add(text, keeper->set->copies[c]->name);
                        first = false;
                }
}

static void add_file(struct Text *text, const struct Keeper *keeper, uint32_t id) {
        const uint32_t *companions;
        struct IndexEntry entry;
        size_t n;

        index_entry(keeper->source.index, id, &entry);
        text_add_escaped(text, entry.directory, strlen(entry.directory));
        text_add(text, *entry.directory ? "/" : "");
        text_add_escaped(text, entry.name, entry.n_name);
        index_companions(keeper->source.index, id, &companions, &n);
        if (n > 0) {
                text_add(text, " +");
                text_add_number(text, n);
        }
}

static int table_add(struct Table *table, uint32_t id) {
        struct Row *row;

        if (table->n_rows == table->n_allocated) {
                size_t n = table->n_allocated ? table->n_allocated * 2 : 64;
                struct Row *rows = reallocarray(table->rows, n, sizeof(struct Row));

                if (!rows)
                        return -ENOMEM;
                table->rows = rows;
                table->n_allocated = n;
        }
        row = &table->rows[table->n_rows++];
        row->entry = id;
        row->file = table->text.n;
        add_file(&table->text, table->keeper, id);
        row->n_file = table->text.n - row->file;
        row->why = table->text.n;
        add_why(&table->text, table->keeper, id);
        row->n_why = table->text.n - row->why;
        if (text_error(&table->text) < 0)
                return -ENOMEM;
        row->file_width = terminal_text_width(table->text.data + row->file, row->n_file);
        return 0;
}

static void table_done(struct Table *table) {
        text_done(&table->text);
        free(table->rows);
}

static enum Colour verdict_colour(enum PlanVerdict verdict) {
        static const enum Colour colours[_PLAN_VERDICT_MAX] = {
                [PLAN_KEEP] = COLOUR_GREEN,
                [PLAN_REMOVE] = COLOUR_RED,
                [PLAN_HOLD] = COLOUR_YELLOW,
        };

        return colours[verdict];
}

static void print_row(const struct Table *table, const struct Row *row, size_t file_width, size_t why_width) {
        struct PlanItem item = plan_item(table->keeper->source.plan, row->entry);
        char age[SPAN_TEXT_MAX], size[SPAN_TEXT_MAX];
        struct IndexEntry entry;

        index_entry(table->keeper->source.index, row->entry, &entry);
        printf("  %s%-6s%s  %7s  %6s  ", terminal_colour(verdict_colour(item.verdict)), plan_verdict_name(item.verdict),
               terminal_colour(COLOUR_NONE),
               entry.time_from == BACKUP_TIME_NONE ? "-"
                                                   : age_format(sub_saturated(table->now_usec, entry.time_usec), age),
               size_format(entry.stat.size, size));
        terminal_print_name(table->text.data + row->file, row->n_file, file_width);
        printf("  ");
        terminal_print(table->text.data + row->why, row->n_why, why_width, false);
        printf("\n");
}

/* Gives the names what they need as long as the reasons have half of the line, and empties the table. */
static void table_print(struct Table *table, const char *title) {
        size_t fixed = strlen("  remove  1234567  123456    "), file_width = 4, room = SIZE_MAX;

        for (size_t i = 0; i < table->n_rows; i++)
                file_width = MAX(file_width, table->rows[i].file_width);
        if (terminal_width() != SIZE_MAX) {
                room = terminal_width() - fixed;
                file_width = MIN(file_width, MAX(room / 2, (size_t)FILE_WIDTH_MIN));
                room -= file_width;
        }

        printf("\n%s%s%s\n", terminal_colour(COLOUR_BOLD), title, terminal_colour(COLOUR_NONE));
        printf("%s  %-6s  %7s  %6s  %-*s  %s%s\n", terminal_colour(COLOUR_DIM), "PLAN", "AGE", "SIZE", (int)file_width,
               "FILE", "WHY", terminal_colour(COLOUR_NONE));
        for (size_t i = 0; i < table->n_rows; i++)
                print_row(table, &table->rows[i], file_width, room);
        table->n_rows = 0;
        text_clear(&table->text);
}

static int name_compare(const void *pa, const void *pb, void *userdata) {
        const struct SeriesName *a = pa, *b = pb;
        const char *names = userdata;

        return strcmp(names + a->name, names + b->name);
}

static int sort_series(struct Index *index, struct SeriesName **ret, size_t *ret_n, struct Text *names) {
        _cleanup_(freep) struct SeriesName *all = NULL;
        _cleanup_(freep) char *name = NULL;
        size_t n_name = 0, n = 0;
        int r;

        all = calloc((size_t)index_series_end(index) + 1, sizeof(*all));
        if (!all)
                return -ENOMEM;
        for (uint32_t series = 0; series < index_series_end(index); series++) {
                if (!index_has_series(index, series))
                        continue;
                r = index_series_name(index, series, &name, &n_name);
                if (r < 0)
                        return r;
                all[n++] = (struct SeriesName){series, names->n};
                text_add_bytes(names, name, strlen(name) + 1);
        }
        r = text_error(names);
        if (r < 0)
                return r;
        qsort_r(all, n, sizeof(*all), name_compare, names->data);
        *ret = TAKE_PTR(all);
        *ret_n = n;
        return 0;
}

/* Those of one timestamp share a table each; those without any share one at the end. */
static int print_series(const struct Keeper *keeper, int64_t now_usec) {
        _cleanup_(index_list_done) struct IndexList list = {};
        _cleanup_(table_done) struct Table table = {.keeper = keeper, .now_usec = now_usec};
        _cleanup_(freep) struct SeriesName *series = NULL;
        _cleanup_(text_done) struct Text names = {};
        _cleanup_(text_done) struct Text title = {};
        size_t n;
        int r;

        r = sort_series(keeper->source.index, &series, &n, &names);
        if (r < 0)
                return r;
        for (unsigned undated = 0; undated < 2; undated++) {
                for (size_t i = 0; i < n; i++) {
                        const char *name = names.data + series[i].name;

                        if (index_is_undated(keeper->source.index, series[i].series) != (bool)undated)
                                continue;
                        r = index_read_series(keeper->source.index, series[i].series, &list);
                        for (size_t j = 0; r >= 0 && j < list.n_ids; j++)
                                r = table_add(&table, list.ids[j]);
                        if (r < 0)
                                return r;
                        if (undated)
                                continue;
                        text_clear(&title);
                        text_add_escaped(&title, name, strlen(name));
                        text_add_bytes(&title, "", 1);
                        r = text_error(&title);
                        if (r < 0)
                                return r;
                        table_print(&table, title.data);
                }
                if (table.n_rows > 0)
                        table_print(&table, "without a timestamp in the name, each a series of its own");
        }
        return 0;
}

static void print_holds(const struct Keeper *keeper, const struct PlanTotals *totals) {
        for (enum Hold hold = 0; hold < _HOLD_MAX; hold++)
                if (totals->holds[hold] > 0)
                        printf("  held as %s: %zu, %s; %s%s\n", hold_name(hold), totals->holds[hold], hold_reason(hold),
                               hold_cure(hold), hold_is_released_by_set(hold) ? keeper->set->name : "");
}

/* What this very pass will also remove. */
static void print_once_copied(const struct PlanTotals *totals, const struct ConfigSet *set, size_t n_backups) {
        size_t n = totals->once_copied.n;
        char size[SPAN_TEXT_MAX];

        if (n == 0)
                return;
        printf("  once they are copied, in the same pass: remove %zu more (%s)%s\n", n,
               size_format(totals->once_copied.bytes, size),
               hold_is_mass(totals->verdicts[PLAN_REMOVE].n + n, 0, n_backups, set->remove_max_percent)
                       ? "; which is more than RemoveMax= at once, and is held as mass"
                       : "");
}

static void print_notes(const struct Keeper *keeper, const struct PlanTotals *totals) {
        if (index_n_backups(keeper->source.index) < index_n_entries(keeper->source.index))
                printf("  +1 and so on: companions of a backup (checksums, logs), which share its fate\n");
        if (index_n_entries(keeper->source.index) == 0)
                printf("  %sno backup is there: is it the right directory, and mounted?%s\n",
                       terminal_colour(COLOUR_YELLOW), terminal_colour(COLOUR_NONE));
        if (totals->n_settling > 0)
                printf("  settling: %zu, changed less than Settle= ago and left alone\n", totals->n_settling);
        if (totals->n_future > 0)
                printf("  from the future: %zu, kept, and not counted as newest\n", totals->n_future);
        if (totals->n_timeless > 0)
                printf("  without a time: %zu, kept, because what AgeFrom= asks for is not there\n",
                       totals->n_timeless);
        if (keeper->source.n_skipped > 0)
                printf("  skipped: %zu that are no regular files\n", keeper->source.n_skipped);
        if (keeper->source.n_excluded > 0)
                printf("  not of the set by Include= and Exclude=: %llu\n",
                       (unsigned long long)keeper->source.n_excluded);
}

static void print_summary(const struct Keeper *keeper) {
        const struct PlanTotals *totals = plan_totals(keeper->source.plan);
        char size[SPAN_TEXT_MAX];

        printf("\n%sPlan:%s", terminal_colour(COLOUR_BOLD), terminal_colour(COLOUR_NONE));
        for (enum PlanVerdict verdict = 0; verdict < _PLAN_VERDICT_MAX; verdict++)
                printf("%s %s %zu (%s)", verdict == 0 ? "" : ",", plan_verdict_name(verdict),
                       totals->verdicts[verdict].n, size_format(totals->verdicts[verdict].bytes, size));
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                printf("%s copy %zu files to %s (%s)%s", c == 0 ? ";" : ",", totals->copies[c].n,
                       keeper->set->copies[c]->name, size_format(totals->copies[c].bytes, size),
                       keeper->copies[c].is_there ? "" : ", once it is there");
        printf("\n");
        print_holds(keeper, totals);
        print_once_copied(totals, keeper->set, index_n_backups(keeper->source.index));
        print_notes(keeper, totals);
}

static void print_removals(const struct KeeperTree *tree) {
        size_t n = 0;

        for (uint32_t i = 0; i < index_entry_end(tree->index); i++) {
                _cleanup_(freep) char *path = NULL;
                struct IndexEntry e;

                if (!index_entry(tree->index, i, &e) || e.is_companion ||
                    plan_item(tree->plan, i).verdict != PLAN_REMOVE || n++ >= N_REMOVALS_SHOWN)
                        continue;
                path = recall_path(tree->index, i);
                printf("  remove %s\n", log_name(strempty(path)));
        }
        if (n > N_REMOVALS_SHOWN)
                printf("  and %zu more\n", n - N_REMOVALS_SHOWN);
}

/* What a destination's own rules mean for the copies that are there. */
static void print_own_policy(const struct KeeperTree *tree) {
        const struct PlanTotals *totals = plan_totals(tree->plan);
        char size[SPAN_TEXT_MAX];

        printf("At %s:", tree->config->name);
        for (enum PlanVerdict verdict = 0; verdict < _PLAN_VERDICT_MAX; verdict++)
                printf("%s %s %zu (%s)", verdict == 0 ? "" : ",", plan_verdict_name(verdict),
                       totals->verdicts[verdict].n, size_format(totals->verdicts[verdict].bytes, size));
        if (totals->n_foreign > 0)
                printf("; %zu that retaind did not publish there, left alone", totals->n_foreign);
        printf("\n");
        print_removals(tree);
        print_holds(tree->keeper, totals);
}

static int report_text(const struct Keeper *keeper, int64_t now_usec) {
        const struct PlanTotals *totals = plan_totals(keeper->source.plan);
        _cleanup_(text_done) struct Text source = {};
        char size[SPAN_TEXT_MAX];
        uint64_t bytes = 0;
        int r;

        for (enum PlanVerdict verdict = 0; verdict < _PLAN_VERDICT_MAX; verdict++)
                bytes += totals->verdicts[verdict].bytes;
        text_add_escaped(&source, keeper->set->source, strlen(keeper->set->source));
        text_add_bytes(&source, "", 1);
        r = text_error(&source);
        if (r < 0)
                return r;
        printf("%s%s%s  %s: %zu backups, %s\n", terminal_colour(COLOUR_BOLD), keeper->set->name,
               terminal_colour(COLOUR_NONE), source.data, index_n_backups(keeper->source.index),
               size_format(bytes, size));

        r = print_series(keeper, now_usec);
        if (r < 0)
                return r;
        print_summary(keeper);
        return ferror(stdout) ? -EIO : 0;
}

int report_plan(const struct Keeper *keeper) {
        const struct Options *options = keeper->pass->options;
        int r;

        if (keeper->pass->is_daemon)
                return 0;
        progress_clear(keeper->pass->progress);
        if (options->json)
                return report_json(keeper);
        r = report_text(keeper, options->now_usec);
        for (size_t c = 0; c < keeper->set->n_copies && r >= 0; c++)
                if (keeper->copies[c].plan)
                        print_own_policy(&keeper->copies[c]);
        return r;
}

static void print_count(const char *what, const struct PlanCount *count, const char *preposition, const char *where) {
        char size[SPAN_TEXT_MAX];

        if (count->n > 0)
                printf("  %s %zu %s (%s)%s%s\n", what, count->n, count->n == 1 ? "file" : "files",
                       size_format(count->bytes, size), preposition, where);
}

static void print_tree_done(const struct KeeperTree *tree) {
        const char *name = tree->config ? tree->config->name : "the source";

        print_count("copied", &tree->copied, " to ", name);
        print_count("found equal", &tree->adopted, " at ", name);
        print_count("verified", &tree->verified, " at ", name);
        if (tree->config && !tree->is_there)
                printf("  %s%s was not reached%s; what it wants stays wanted\n", terminal_colour(COLOUR_RED), name,
                       terminal_colour(COLOUR_NONE));
        if (tree->n_failed > 0)
                printf("  %sfailed to copy %zu%s to %s\n", terminal_colour(COLOUR_RED), tree->n_failed,
                       terminal_colour(COLOUR_NONE), name);
        print_count(tree->view->trash_usec > 0 ? "moved to the trash" : "removed", &tree->removed, " from ", name);
}

void report_done(const struct Keeper *keeper) {
        const struct PlanTotals *totals;

        if (keeper->pass->options->json || !keeper->source.plan)
                return;
        totals = plan_totals(keeper->source.plan);
        printf("\n%sDone:%s %s\n", terminal_colour(COLOUR_BOLD), terminal_colour(COLOUR_NONE), keeper->set->name);
        for (size_t c = 0; c < keeper->set->n_copies; c++)
                print_tree_done(&keeper->copies[c]);
        print_tree_done(&keeper->source);
        print_holds(keeper, totals);
}
