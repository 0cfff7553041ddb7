/* SPDX-License-Identifier: MIT */
#include "lib/backup.h"

#include "tests/test.h"

#define S USEC_PER_SEC

START_TEST(time_is_from_where_it_was_asked_for) {
        const struct NameTime at = {.civil = {2026, 11, 20, 3, 4, 5}, .has_clock = true};
        const int64_t name_usec = INT64_C(1795143845) * S;
        const struct BackupStat born = {.mtime_usec = 7, .birth_usec = 9};
        const struct BackupStat unborn = {.mtime_usec = 7, .birth_usec = BACKUP_NO_BIRTH};
        const struct {
                enum ConfigAgeFrom age_from;
                const struct NameTime *name;
                const struct BackupStat *stat;
                enum BackupTimeFrom from;
                int64_t usec;
                const char *word;
        } cases[] = {
                {CONFIG_AGE_FROM_AUTO, &at, &born, BACKUP_TIME_NAME, name_usec, "name"},
                {CONFIG_AGE_FROM_AUTO, NULL, &born, BACKUP_TIME_MODIFIED, 7, "modified"},
                {CONFIG_AGE_FROM_NAME, &at, &born, BACKUP_TIME_NAME, name_usec, "name"},
                {CONFIG_AGE_FROM_NAME, NULL, &born, BACKUP_TIME_NONE, 0, NULL},
                {CONFIG_AGE_FROM_MODIFIED, &at, &born, BACKUP_TIME_MODIFIED, 7, "modified"},
                {CONFIG_AGE_FROM_BIRTH, &at, &born, BACKUP_TIME_BIRTH, 9, "birth"},
                {CONFIG_AGE_FROM_BIRTH, &at, &unborn, BACKUP_TIME_NONE, 0, NULL},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t usec = -1;

                ck_assert_int_eq(backup_time(cases[i].age_from, zone_utc(), cases[i].name, cases[i].stat, &usec),
                                 cases[i].from);
                ck_assert_int_eq(usec, cases[i].usec);
                ck_assert_pstr_eq(backup_time_from_name(cases[i].from), cases[i].word);
        }
}
END_TEST

START_TEST(settling_is_a_recent_change) {
        const struct {
                int64_t mtime, now, settle;
                bool settling;
        } cases[] = {
                {100, 100, 60, true},
                {41, 100, 60, true},
                {40, 100, 60, false},
                {0, 100, 60, false},
                {159, 100, 60, true}, /* another machine's clock, a little ahead */
                {160, 100, 60, true}, /* or more */
                {99 + USEC_PER_DAY, 100, 60, true},
                {100 + USEC_PER_DAY, 100, 60, false}, /* set by hand: nobody is writing */
                {99 + 2 * USEC_PER_DAY, 100, 2 * USEC_PER_DAY, true},
                {160, 100, 0, false},
                {100, 100, 0, false},
                {INT64_MIN, INT64_MAX, 60, false},
                {INT64_MAX, INT64_MIN, 60, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert(backup_is_settling(cases[i].mtime, cases[i].now, cases[i].settle) == cases[i].settling);
}
END_TEST

START_TEST(a_copy_looks_like_its_source) {
        const struct BackupStat source = {.ino = 1, .size = 5, .mtime_usec = 10 * S + 999999, .birth_usec = 1};
        const struct {
                uint64_t size;
                int64_t mtime;
                bool copied;
        } cases[] = {
                {5, 10 * S + 999999, true}, {5, 10 * S, true},  {5, 11 * S, false},
                {5, 10 * S - 1, false},     {6, 10 * S, false}, {0, 0, false},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                ck_assert(backup_looks_copied(
                                  &source, &(struct BackupStat){.size = cases[i].size, .mtime_usec = cases[i].mtime}) ==
                          cases[i].copied);
        ck_assert(backup_looks_copied(&(struct BackupStat){.mtime_usec = -1}, &(struct BackupStat){.mtime_usec = -S}));
        ck_assert(!backup_looks_copied(&(struct BackupStat){.mtime_usec = -1}, &(struct BackupStat){.mtime_usec = 0}));
}
END_TEST

START_TEST(the_same_is_the_same_file_with_the_same_content) {
        const struct BackupStat a = {.ino = 1, .size = 2, .mtime_usec = 3, .birth_usec = 4};
        struct BackupStat b = a;

        ck_assert(backup_is_same(&a, &b));
        b.birth_usec = BACKUP_NO_BIRTH;
        ck_assert(backup_is_same(&a, &b) && backup_is_same(&b, &a));
        b.birth_usec = 5;
        ck_assert(!backup_is_same(&a, &b));
        b = a, b.ino++;
        ck_assert(!backup_is_same(&a, &b));
        b = a, b.size++;
        ck_assert(!backup_is_same(&a, &b));
        b = a, b.mtime_usec++;
        ck_assert(!backup_is_same(&a, &b));
}
END_TEST

int main(void) {
        return test_run("backup", (const TTest *[]){
                                          time_is_from_where_it_was_asked_for,
                                          settling_is_a_recent_change,
                                          a_copy_looks_like_its_source,
                                          the_same_is_the_same_file_with_the_same_content,
                                          NULL,
                                  });
}
