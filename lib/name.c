/* SPDX-License-Identifier: MIT */
#include "lib/name.h"

#include "lib/name-internal.h"

static int64_t civil_usec(const struct NameTime *time, const struct Civil *civil, const struct Zone *zone) {
        if (!time->has_offset)
                return add_saturated(calendar_to_usec(zone, civil), time->usec);
        return add_saturated(calendar_to_usec(zone_utc(), civil),
                             time->usec - (int64_t)time->offset_sec * USEC_PER_SEC);
}

static uint64_t distance(int64_t a, int64_t b) {
        return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

int64_t name_time_usec(const struct NameTime *time, const struct Zone *zone, int64_t hint_usec) {
        const struct Civil swapped = name_reading(time, true);
        int64_t usec = civil_usec(time, &time->civil, zone), other;

        if (!time->swappable)
                return usec;
        other = civil_usec(time, &swapped, zone);
        return distance(other, hint_usec) < distance(usec, hint_usec) ? other : usec;
}

int64_t name_days_apart(const struct NameTime *a, const struct NameTime *b) {
        int64_t apart = INT64_MAX;

        for (unsigned i = 0; i <= (unsigned)a->swappable; i++)
                for (unsigned j = 0; j <= (unsigned)b->swappable; j++) {
                        const struct Civil x = name_reading(a, i), y = name_reading(b, j);
                        const int64_t days = zone_days(x.year, x.month, x.day) - zone_days(y.year, y.month, y.day);

                        apart = MIN(apart, days < 0 ? -days : days);
                }
        return apart;
}

void name_add_hole(struct Name *name, size_t from, size_t to) {
        uint8_t first = 0, end;

        while (first < name->n_holes && name->holes[first].to < from)
                first++;
        end = first;
        for (; end < name->n_holes && name->holes[end].from <= to; end++) {
                from = MIN(from, (size_t)name->holes[end].from);
                to = MAX(to, (size_t)name->holes[end].to);
        }
        if (end == first && name->n_holes == NAME_HOLES_MAX)
                return;
        memmove(&name->holes[first + 1], &name->holes[end], (name->n_holes - end) * sizeof(name->holes[0]));
        name->n_holes = (uint8_t)(name->n_holes - (end - first) + 1);
        name->holes[first].from = (uint16_t)from;
        name->holes[first].to = (uint16_t)to;
}

/* By form, not by value: else one series would fall apart by what its dates happen to be. */
static int rank(const struct NameStamp *stamp) {
        return stamp->is_count ? 0 : stamp->time.has_clock ? 2 : 1;
}

/* The last of those that say most; returns how many there are. */
static unsigned choose(const struct NameText *text, struct NameStamp *ret) {
        struct NameStamp stamp;
        unsigned n = 0;

        for (size_t at = 0; name_stamp_next(text, &at, &stamp); n++)
                if (n == 0 || rank(&stamp) >= rank(ret))
                        *ret = stamp;
        return n;
}

/* What else names the chosen day, so that it changes with it. Unix seconds may be a day off: they know no zone. */
static void add_same_day(const struct NameText *text, const struct NameStamp *chosen, struct Name *name) {
        struct NameStamp stamp;

        for (size_t at = 0; name_stamp_next(text, &at, &stamp);) {
                if (name_days_apart(&stamp.time, &chosen->time) > (stamp.is_count != chosen->is_count))
                        continue;
                name_add_hole(name, stamp.from, stamp.to);
                if (stamp.is_count && !chosen->time.has_clock)
                        name->time = stamp.time;
        }
}

static bool is_week(const struct Civil *day, int64_t week) {
        const int weekday = calendar_weekday(day->year, day->month, day->day);
        const int64_t day_of_year = zone_days(day->year, day->month, day->day) - zone_days(day->year, 1, 1);
        int64_t iso_year;
        int iso_week;

        calendar_iso_week(day->year, day->month, day->day, &iso_year, &iso_week);
        return week == iso_week || week == (day_of_year + 7 - weekday % 7) / 7 || /* %U: weeks from Sunday */
               week == (day_of_year + 8 - weekday) / 7;                           /* %W: from Monday */
}

/* Whether a word names that day's weekday or month. "mar" and "sun" may as well be what is backed up; "Mar" is not. */
static bool is_word_of(const struct NameText *text, size_t from, size_t to, const struct NameTime *time) {
        const int month = name_month(text->s + from, to - from), weekday = name_weekday(text->s + from, to - from);

        if ((month == 0 && weekday == 0) || (to - from == 3 && text->s[from] >= 'a'))
                return false;
        for (unsigned swap = 0; swap <= (unsigned)time->swappable; swap++) {
                const struct Civil day = name_reading(time, swap);

                if (month == day.month || (weekday > 0 && weekday == calendar_weekday(day.year, day.month, day.day)))
                        return true;
        }
        return false;
}

/* The beginning of "week.47" whose last digit is before to and which is the time's week, else to. */
static size_t week_before(const struct NameText *text, size_t to, const struct NameTime *time) {
        size_t i = to, from;

        while (i > 0 && to - i < 3 && name_is(text, i - 1, NAME_DIGIT))
                i--;
        if (to - i > 2)
                return to;
        from = i - (i > 0 && name_is(text, i - 1, NAME_PART));
        if (from < 4 || !name_has(text, from - 4, "week", 4) || (from > 4 && name_is(text, from - 5, NAME_LETTER)))
                return to;
        for (unsigned swap = 0; swap <= (unsigned)time->swappable; swap++) {
                const struct Civil day = name_reading(time, swap);

                if (is_week(&day, name_number(text, i, to - i)))
                        return from - 4;
        }
        return to;
}

/* automysqlbackup: a weekday, a month, or week.47 beside the timestamp says the same once more. */
static void take_words(const struct NameText *text, struct NameStamp *stamp) {
        const size_t before = stamp->from;
        size_t n, word;

        if (before > 1 && name_is(text, before - 1, NAME_JOINT)) {
                word = before - 1;
                while (word > 0 && before - word <= NAME_WORD_MAX + 1 && name_is(text, word - 1, NAME_LETTER))
                        word--;
                if (is_word_of(text, word, before - 1, &stamp->time))
                        stamp->from = word;
                else if (name_is(text, before - 2, NAME_DIGIT)) {
                        word = week_before(text, before - 1, &stamp->time);
                        if (word < before - 1)
                                stamp->from = word;
                }
        }
        if (!name_is(text, stamp->to, NAME_JOINT))
                return;
        word = stamp->to + 1;
        n = name_run(text, word, NAME_LETTER, NAME_WORD_MAX + 1);
        if (is_word_of(text, word, word + n, &stamp->time))
                stamp->to = word + n;
        else if (n == 4 && name_has(text, word, "week", 4)) {
                word += 4 + name_is(text, word + 4, NAME_PART);
                n = name_run(text, word, NAME_DIGIT, 3);
                if (n > 0 && week_before(text, word + n, &stamp->time) == stamp->to + 1)
                        stamp->to = word + n;
        }
}

/* GitLab: 1763607845_2026_11_20_17.5.2-ee_gitlab_backup.tar, date and version later additions. */
static bool parse_gitlab(const struct NameText *text, struct Name *name) {
        struct NameStamp date = {};
        size_t i = 10, at = 11;

        if (name_run(text, 0, NAME_DIGIT, 11) != 10 || name_at(text, 10) != '_')
                return false;
        if (name_stamp_next(text, &at, &date) && date.from == 11 && name_at(text, 15) == '_' &&
            name_at(text, 21) == '_')
                i = 21;
        if (i == 21 && name_is(text, i + 1, NAME_DIGIT))
                for (i++; i < text->n && text->s[i] != '_'; i++)
                        if (!name_is(text, i, NAME_DIGIT | NAME_LETTER) && text->s[i] != '.' && text->s[i] != '-')
                                return false;
        if (!name_has(text, i, "_gitlab_backup.tar", strlen("_gitlab_backup.tar")))
                return false;
        name->time = (struct NameTime){};
        name_time_set_unix(&name->time, name_number(text, 0, 10));
        name_add_hole(name, 0, i);
        return true;
}

/* UpdraftPlus: backup_2026-11-20-0304_My_Site_1a2b3c4d5e6f-db.gz has a number of its own for each run. */
static void add_updraft_nonce(const struct NameText *text, const struct NameStamp *chosen, struct Name *name) {
        if (chosen->from != 7 || chosen->to != 22 || !name_has(text, 0, "backup_", 7) || name_at(text, 17) != '-' ||
            name_at(text, 22) != '_')
                return;
        for (size_t i = text->n; i-- > 22;)
                if (text->s[i] == '_' && name_run(text, i + 1, NAME_HEX, 13) == 12 && name_at(text, i + 13) == '-') {
                        name_add_hole(name, i + 1, i + 13);
                        return;
                }
}

/* Home Assistant: Automatic_backup_2026.11.1_2026-11-20_04.50_12345678.tar begins with its version. */
static void add_home_assistant_version(const struct NameText *text, const struct NameStamp *chosen, struct Name *name) {
        static const char prefix[] = "Automatic_backup_";
        const size_t version = strlen(prefix), stamp = chosen->from;

        if (chosen->to - stamp != strlen("2026-11-20_04.50_12345678") || name_at(text, stamp + 16) != '_' ||
            stamp < version + 2 || !name_has(text, 0, prefix, version) || text->s[stamp - 1] != '_')
                return;
        if (!name_is(text, version, NAME_DIGIT))
                return;
        for (size_t i = version; i < stamp - 1; i++)
                if (!name_is(text, i, NAME_DIGIT | NAME_LETTER) && text->s[i] != '.')
                        return;
        name_add_hole(name, version, stamp - 1);
}

/* cPanel: backup-11.20.2026_03-04-05_user.tar.gz has the month first. */
static void read_cpanel_date(const struct NameText *text, const struct NameStamp *chosen, struct NameTime *time) {
        if (!time->swappable || chosen->from != 7 || chosen->to != 26 || name_at(text, 9) != '.' ||
            name_at(text, 17) != '_' || name_at(text, 20) != '-' || name_at(text, 26) != '_' ||
            (!name_has(text, 0, "backup-", 7) && !name_has(text, 0, "cpmove-", 7)))
                return;
        time->civil = name_reading(time, true);
}

void name_parse(const char *name, size_t n, struct Name *ret) {
        const struct NameText text = {name, n};
        struct NameStamp chosen;
        unsigned n_stamps;

        *ret = (struct Name){};
        if (n > UINT16_MAX)
                return;
        n_stamps = choose(&text, &chosen);
        if (n_stamps == 0)
                return;
        ret->is_dated = true;
        if (parse_gitlab(&text, ret))
                return;

        ret->time = chosen.time;
        read_cpanel_date(&text, &chosen, &ret->time);
        add_updraft_nonce(&text, &chosen, ret);
        add_home_assistant_version(&text, &chosen, ret);
        take_words(&text, &chosen);
        name_add_hole(ret, chosen.from, chosen.to);
        if (n_stamps > 1)
                add_same_day(&text, &chosen, ret);
}

size_t name_series(const char *name, size_t n, const struct Name *parsed, char *buf) {
        size_t length = 0, i = 0;

        for (unsigned hole = 0; hole <= parsed->n_holes; hole++) {
                const size_t end = hole < parsed->n_holes ? parsed->holes[hole].from : n;

                for (; i < end; i++) {
                        if (name[i] == '*' || name[i] == '\\')
                                buf[length++] = '\\';
                        buf[length++] = name[i];
                }
                if (hole < parsed->n_holes) {
                        buf[length++] = '*';
                        i = parsed->holes[hole].to;
                }
        }
        return length;
}

static const struct {
        uint8_t n;
        bool by_stem;
        char ending[8];
} companion_endings[] = {
        {7, false, ".sha256"}, {7, false, ".sha512"}, {4, false, ".md5"},  {4, false, ".sig"},  {4, false, ".asc"},
        {4, true, ".log"},     {6, true, ".notes"},   {5, false, ".meta"}, {5, false, ".json"},
};

size_t name_companion(const char *name, size_t n, bool *ret_by_stem) {
        for (size_t i = 0; i < ELEMENTSOF(companion_endings); i++) {
                size_t n_ending = companion_endings[i].n;

                if (n > n_ending && memcmp(name + n - n_ending, companion_endings[i].ending, n_ending) == 0) {
                        *ret_by_stem = companion_endings[i].by_stem;
                        return n - n_ending;
                }
        }
        return 0;
}

const char *name_companion_ending(size_t i, bool *ret_by_stem) {
        if (i >= ELEMENTSOF(companion_endings))
                return NULL;
        *ret_by_stem = companion_endings[i].by_stem;
        return companion_endings[i].ending;
}

size_t name_stem(const char *name, size_t n) {
        const struct NameText text = {name, n};

        for (;;) {
                bool has_letter = false;
                size_t i = n;

                while (i > 0 && n - i < 5 && name_is(&text, i - 1, NAME_DIGIT | NAME_LETTER))
                        has_letter = name_is(&text, --i, NAME_LETTER) || has_letter;
                if (!has_letter || n - i > 4 || i < 2 || name[i - 1] != '.')
                        return n;
                n = i - 1;
        }
}
