/* SPDX-License-Identifier: MIT */
#include "lib/listing.h"

#include "tests/set.h"
#include "tests/test.h"

static const struct HashKey key = {{1, 2}};

static struct Index *make_index(const struct ConfigSet *set) {
        struct Index *index;

        ck_assert_int_eq(index_new(set, key, &index), 0);
        ck_assert_int_ge(test_see(index, "db2.sql.gz", test_usec("2026-12-21 12:15:30"), 1024), 0);
        ck_assert_int_ge(test_see(index, "a/x", test_usec("1969-12-31 23:59:59"), 0), 0);
        ck_assert_int_ge(test_see(index, "a", 0, 18446744073709551615u), 0);
        ck_assert_int_ge(test_see(index, "a.b\n\xff", 0, 1), 0);
        ck_assert_int_ge(test_see(index, "ab", 0, 1), 0);
        return index;
}

static void assert_text(struct Text *text, const char *expected) {
        ck_assert_int_eq(text_error(text), 0);
        text_add_bytes(text, "", 1);
        ck_assert_str_eq(text->data, expected);
        text_clear(text);
}

START_TEST(one_line_a_file_sorted_by_name) {
        _cleanup_(text_done) struct Text text = {};
        struct ConfigSet set = test_set();
        _cleanup_(index_freep) struct Index *index = make_index(&set);

        ck_assert_int_eq(listing_write(index, zone_utc(), LISTING_LINE, &text), 0);
        assert_text(&text,
                    "Name: a, Size: 18446744073709551615 bytes, Created: 1970-01-01 00:00:00, Modified: "
                    "1970-01-01 00:00:00\n"
                    "Name: a.b\\n\\xff, Size: 1 bytes, Created: 1970-01-01 00:00:00, Modified: 1970-01-01 00:00:00\n"
                    "Name: a/x, Size: 0 bytes, Created: 1969-12-31 23:59:59, Modified: 1969-12-31 23:59:59\n"
                    "Name: ab, Size: 1 bytes, Created: 1970-01-01 00:00:00, Modified: 1970-01-01 00:00:00\n"
                    "Name: db2.sql.gz, Size: 1024 bytes, Created: 2026-12-21 12:15:30, Modified: "
                    "2026-12-21 12:15:30\n");
}
END_TEST

START_TEST(a_translation_can_only_be_misspelt) {
        static const struct {
                const char *line, *expected;
        } cases[] = {
                {"{size} {name}", "1 x\n"}, {"{name", "{name\n"}, {"{nome} {}", "{nome} {}\n"},
                {"%s %n {", "%s %n {\n"},   {"{created}", "-\n"}, {"", "\n"},
        };
        _cleanup_(index_freep) struct Index *index = NULL;
        _cleanup_(text_done) struct Text text = {};
        struct ConfigSet set = test_set();
        struct BackupStat stat = {.size = 1, .birth_usec = BACKUP_NO_BIRTH};
        enum IndexChange change;
        uint32_t directory;

        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_directory(index, "", &directory), 0);
        ck_assert_int_eq(index_upsert(index, directory, "x", 1, &stat, &change), 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ck_assert_int_eq(listing_write(index, zone_utc(), cases[i].line, &text), 0);
                assert_text(&text, cases[i].expected);
        }
}
END_TEST

START_TEST(a_plan_as_json) {
        _cleanup_(index_freep) struct Index *index = NULL, *there = NULL;
        struct ConfigCopy nas = {.name = (char *)"nas", .max_age_usec = USEC_INFINITY};
        struct ConfigCopy usb = {.name = (char *)"usb", .max_age_usec = USEC_INFINITY};
        _cleanup_(plan_freep) struct Plan *plan = NULL;
        _cleanup_(text_done) struct Text text = {};
        struct ConfigSet set = test_set();

        set.copies = (struct ConfigCopy *[]){&nas, &usb};
        set.n_copies = 2;
        set.policy.rules = 1 << POLICY_KEEP_LAST | 1 << POLICY_KEEP_DAILY;
        set.policy.count[POLICY_KEEP_LAST] = set.policy.count[POLICY_KEEP_DAILY] = 1;
        ck_assert_int_eq(index_new(&set, key, &index), 0);
        ck_assert_int_eq(index_new(&set, key, &there), 0);
        test_see(index, "a/db-2026-11-20.sql", 0, 1);
        test_see(index, "a/db-2026-11-19.sql", 0, 2);
        test_see(index, "a/db-2026-11-18.sql", 0, 2);
        test_see(index, "a/db-2026-11-18.sql.md5", 0, 3);
        test_see(index, "a/db-2026-11-18.sql.md5.asc", 0, 3);
        test_see(there, "a/db-2026-11-20.sql", 0, 1);
        test_see(there, "a/db-2026-11-19.sql", 0, 2);
        ck_assert_int_eq(index_arrange(index), 0);
        ck_assert_int_eq(plan_new(&(struct PlanInput){.set = &set,
                                                      .index = index,
                                                      .copies = (struct Index *[]){there, there},
                                                      .now_usec = test_usec("2026-11-20 12:00:00")},
                                  &plan),
                         0);
        listing_add_json(&(struct ListingPlan){&set, index, plan}, test_entry(index, "a/db-2026-11-20.sql"),
                         "a/db-*.sql", &text);
        assert_text(&text,
                    "{\"set\":\"s\",\"file\":\"a/db-2026-11-20.sql\",\"series\":\"a/db-*.sql\",\"time\":"
                    "\"2026-11-20T00:00:00Z\",\"time_from\":\"name\",\"size\":1,\"verdict\":\"keep\",\"reasons\":"
                    "[\"KeepLast\",\"KeepDaily\"],\"holds\":[],\"copy_to\":[]}\n");
        listing_add_json(&(struct ListingPlan){&set, index, plan}, test_entry(index, "a/db-2026-11-19.sql"), "s",
                         &text);
        assert_text(&text,
                    "{\"set\":\"s\",\"file\":\"a/db-2026-11-19.sql\",\"series\":\"s\",\"time\":"
                    "\"2026-11-19T00:00:00Z\",\"time_from\":\"name\",\"size\":2,\"verdict\":\"remove\",\"reasons\":"
                    "[\"no-rule-keeps-it\"],\"holds\":[],\"copy_to\":[]}\n");
        listing_add_json(&(struct ListingPlan){&set, index, plan}, test_entry(index, "a/db-2026-11-18.sql"), "s",
                         &text);
        assert_text(&text,
                    "{\"set\":\"s\",\"file\":\"a/db-2026-11-18.sql\",\"series\":\"s\",\"time\":"
                    "\"2026-11-18T00:00:00Z\",\"time_from\":\"name\",\"size\":2,\"verdict\":\"hold\",\"reasons\":"
                    "[\"no-rule-keeps-it\"],\"holds\":[\"uncopied\"],\"copy_to\":[\"nas\",\"usb\"],\"companions\":"
                    "[\"a/db-2026-11-18.sql.md5\",\"a/db-2026-11-18.sql.md5.asc\"]}\n");
}
END_TEST

START_TEST(what_is_no_utf8_and_what_has_no_time) {
        _cleanup_(index_freep) struct Index *index = NULL;
        _cleanup_(plan_freep) struct Plan *plan = NULL;
        _cleanup_(text_done) struct Text text = {};
        struct ConfigSet set = test_set();

        set.age_from = CONFIG_AGE_FROM_NAME;
        ck_assert_int_eq(index_new(&set, key, &index), 0);
        test_see(index, "\xff\"", 0, 1);
        test_see(index, "\xfe/a", 0, 1);
        ck_assert_int_eq(plan_new(&(struct PlanInput){.set = &set, .index = index, .now_usec = USEC_PER_DAY}, &plan),
                         0);
        listing_add_json(&(struct ListingPlan){&set, index, plan}, test_entry(index, "\xff\""), "s", &text);
        assert_text(&text,
                    "{\"set\":\"s\",\"file\":\"\xef\xbf\xbd\\\"\",\"file_hex\":\"ff22\",\"series\":\"s\",\"time\":null,"
                    "\"time_from\":null,\"size\":1,\"verdict\":\"keep\",\"reasons\":[\"no-time\"],\"holds\":[],"
                    "\"copy_to\":[]}\n");
        listing_add_json(&(struct ListingPlan){&set, index, plan}, test_entry(index, "\xfe/a"), "s", &text);
        ck_assert_ptr_nonnull(memmem(text.data, text.n, "\"file_hex\":\"fe2f61\"", 19));
}
END_TEST

START_TEST(every_reason_has_its_word) {
        ck_assert_str_eq(listing_reason(POLICY_KEEP_WITHIN_YEARLY), "KeepWithinYearly");
        ck_assert_str_eq(listing_reason((uint32_t)__builtin_ctz(RETAIN_NO_RULES)), "no-rules");
        ck_assert_str_eq(listing_reason((uint32_t)__builtin_ctz(RETAIN_FUTURE)), "future");
        ck_assert_str_eq(listing_reason((uint32_t)__builtin_ctz(RETAIN_NO_TIME)), "no-time");
        ck_assert_str_eq(listing_reason((uint32_t)__builtin_ctz(RETAIN_SETTLING)), "settling");
}
END_TEST

static int write_listing(void *index) {
        _cleanup_(text_done) struct Text text = {};

        return listing_write(index, zone_utc(), LISTING_LINE, &text);
}

START_TEST(allocations_fail) {
        struct ConfigSet set = test_set();
        _cleanup_(index_freep) struct Index *index = make_index(&set);

        test_each_allocation_fails(write_listing, index);
}
END_TEST

int main(void) {
        return test_run("listing", (const TTest *[]){
                                           one_line_a_file_sorted_by_name,
                                           a_translation_can_only_be_misspelt,
                                           a_plan_as_json,
                                           what_is_no_utf8_and_what_has_no_time,
                                           every_reason_has_its_word,
                                           allocations_fail,
                                           NULL,
                                   });
}
