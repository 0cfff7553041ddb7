/* SPDX-License-Identifier: MIT */
#include "lib/listing.h"

#include <errno.h>

#define PATH_MAX_JOINED (4096 + 256) /* a directory's path, a slash, a name */

/* A path within a set, joined from its directory and its name. */
static size_t join_path(const struct IndexEntry *entry, char buf[static PATH_MAX_JOINED]) {
        size_t n = strlen(entry->directory);

        memcpy(buf, entry->directory, n);
        if (n > 0)
                buf[n++] = '/';
        memcpy(buf + n, entry->name, entry->n_name);
        return n + entry->n_name;
}

static int path_compare(const void *pa, const void *pb, void *userdata) {
        char path_a[PATH_MAX_JOINED], path_b[PATH_MAX_JOINED];
        struct IndexEntry a, b;
        size_t n_a, n_b;
        int r;

        index_entry(userdata, *(const uint32_t *)pa, &a);
        index_entry(userdata, *(const uint32_t *)pb, &b);
        n_a = join_path(&a, path_a);
        n_b = join_path(&b, path_b);
        r = memcmp(path_a, path_b, MIN(n_a, n_b));
        return r != 0 ? r : (n_a > n_b) - (n_a < n_b);
}

static void add_time(struct Text *text, const struct Zone *zone, int64_t usec) {
        char buf[CALENDAR_TEXT_MAX];

        text_add(text, usec == BACKUP_NO_BIRTH ? "-" : calendar_format_local(zone, usec, buf));
}

static void add_path(struct Text *text, const struct IndexEntry *entry,
                     void (*add)(struct Text *, const char *, size_t)) {
        char path[PATH_MAX_JOINED];

        add(text, path, join_path(entry, path));
}

static void add_line(struct Text *text, const struct IndexEntry *entry, const struct Zone *zone, const char *line) {
        while (*line) {
                size_t n = strcspn(line, "{");

                text_add_bytes(text, line, n);
                line += n;
                n = *line ? strcspn(line, "}") + 1 : 0;
                if (strncmp(line, "{name}", n) == 0 && n == 6)
                        add_path(text, entry, text_add_escaped);
                else if (strncmp(line, "{size}", n) == 0 && n == 6)
                        text_add_number(text, entry->stat.size);
                else if (strncmp(line, "{created}", n) == 0 && n == 9)
                        add_time(text, zone, entry->stat.birth_usec);
                else if (strncmp(line, "{modified}", n) == 0 && n == 10)
                        add_time(text, zone, entry->stat.mtime_usec);
                else
                        text_add_bytes(text, line, strnlen(line, n));
                line += strnlen(line, n);
        }
        text_add(text, "\n");
}

int listing_write(const struct Index *index, const struct Zone *zone, const char *line, struct Text *text) {
        _cleanup_(freep) uint32_t *ids = NULL;
        struct IndexEntry entry;
        size_t n = 0;

        ids = reallocarray(NULL, MAX(index_n_entries(index), (size_t)1), sizeof(uint32_t));
        if (!ids)
                return -ENOMEM;
        for (uint32_t id = 0; id < index_entry_end(index); id++)
                if (index_entry(index, id, &entry))
                        ids[n++] = id;
        qsort_r(ids, n, sizeof(uint32_t), path_compare, (void *)index);

        for (size_t i = 0; i < n; i++) {
                index_entry(index, ids[i], &entry);
                add_line(text, &entry, zone, line);
        }
        return text_error(text);
}

const char *listing_reason(uint32_t bit) {
        if (bit < _POLICY_RULE_MAX)
                return policy_rule_name(bit);
        switch (UINT32_C(1) << bit) {
        case RETAIN_NO_RULES:
                return "no-rules";
        case RETAIN_FUTURE:
                return "future";
        case RETAIN_NO_TIME:
                return "no-time";
        default:
                return "settling";
        }
}

static void add_key(struct Text *text, const char *key, const char *value) {
        text_add(text, ",\"");
        text_add(text, key);
        text_add(text, "\":");
        if (value) {
                text_add(text, "\"");
                text_add(text, value);
                text_add(text, "\"");
        } else
                text_add(text, "null");
}

static void add_item(struct Text *text, const char *s, bool *first) {
        text_add(text, *first ? "\"" : ",\"");
        text_add(text, s);
        text_add(text, "\"");
        *first = false;
}

static void add_reasons(struct Text *text, const struct PlanItem *item) {
        bool first = true;

        text_add(text, ",\"reasons\":[");
        if (item->kept_by == 0)
                add_item(text, "no-rule-keeps-it", &first);
        for (uint32_t rest = item->kept_by; rest != 0; rest &= rest - 1)
                add_item(text, listing_reason((uint32_t)__builtin_ctz(rest)), &first);

        first = true;
        text_add(text, "],\"holds\":[");
        for (uint32_t rest = item->holds; rest != 0; rest &= rest - 1)
                add_item(text, hold_name((enum Hold)__builtin_ctz(rest)), &first);
        text_add(text, "]");
}

static void add_copies(struct Text *text, const struct ListingPlan *plan, uint32_t id) {
        bool first = true;

        text_add(text, ",\"copy_to\":[");
        for (size_t c = 0; c < plan->set->n_copies; c++)
                if (plan_copies(plan->plan, id, c))
                        add_item(text, plan->set->copies[c]->name, &first);
        text_add(text, "]");
}

static void add_companions(struct Text *text, const struct ListingPlan *plan, uint32_t id) {
        const uint32_t *companions;
        struct IndexEntry entry;
        size_t n;

        index_companions(plan->index, id, &companions, &n);
        for (size_t i = 0; i < n; i++) {
                text_add(text, i == 0 ? ",\"companions\":[" : ",");
                index_entry(plan->index, companions[i], &entry);
                add_path(text, &entry, text_add_json);
        }
        if (n > 0)
                text_add(text, "]");
}

/* The bytes exactly, where "file" cannot be more than what can be shown of them. */
static void add_file_hex(struct Text *text, const char *path, size_t n) {
        text_add(text, ",\"file_hex\":\"");
        text_add_hex(text, path, n);
        text_add(text, "\"");
}

void listing_add_json(const struct ListingPlan *plan, uint32_t id, const char *series, struct Text *text) {
        struct PlanItem item = plan_item(plan->plan, id);
        char path[PATH_MAX_JOINED], buf[CALENDAR_TEXT_MAX];
        struct IndexEntry entry;
        size_t n;

        index_entry(plan->index, id, &entry);
        n = join_path(&entry, path);
        text_add(text, "{\"set\":\"");
        text_add(text, plan->set->name);
        text_add(text, "\",\"file\":");
        text_add_json(text, path, n);
        if (!text_is_utf8(path, n))
                add_file_hex(text, path, n);
        text_add(text, ",\"series\":");
        text_add_json(text, series, strlen(series));
        add_key(text, "time",
                entry.time_from == BACKUP_TIME_NONE ? NULL
                                                    : calendar_format_rfc3339(plan->set->zone, entry.time_usec, buf));
        add_key(text, "time_from", backup_time_from_name(entry.time_from));
        text_add(text, ",\"size\":");
        text_add_number(text, entry.stat.size);
        add_key(text, "verdict", plan_verdict_name(item.verdict));
        add_reasons(text, &item);
        add_copies(text, plan, id);
        add_companions(text, plan, id);
        text_add(text, "}\n");
}
