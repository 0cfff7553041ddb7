/* SPDX-License-Identifier: MIT */
#include "lib/event.h"

#include <errno.h>

#include "tests/test.h"

/* Each kind with its id, which is never to change, and its sentence with all that can be known and with nothing. */
static const struct {
        enum EventKind kind;
        const char *name, *id;
        enum EventPriority priority;
        const char *full, *bare;
} kinds[] = {
        {EVENT_COPIED, "copied", "0b250f11e054416d95ee0b4ca8f7b75d", EVENT_INFO,
         "valcann: copied db1.sql.gz to nas (1.2M, 5d old, 30ms)", "copied ? to ?"},
        {EVENT_ADOPTED, "adopted", "cfe1aa3b664e4362ae6b56d9db32e626", EVENT_INFO,
         "valcann: an equal db1.sql.gz was at nas already (1.2M, 5d old, 30ms)", "an equal ? was at ? already"},
        {EVENT_COPY_FAILED, "copy-failed", "5e21d5e8b8ec4d4f9c06633311d70a41", EVENT_ERROR,
         "valcann: db1.sql.gz was not copied to nas: No space left on device (why)", "? was not copied to ?"},
        {EVENT_COPY_RENAMED, "copy-renamed", "ea098e09c8ae4feca89d3d90f9d89929", EVENT_INFO,
         "valcann: at nas, the copy why is now named db1.sql.gz, as its backup is",
         "at ?, the copy is now named ?, as its backup is"},
        {EVENT_VERSIONED, "versioned", "305a646868a44fe691ff9f3110f481c0", EVENT_NOTICE,
         "valcann: copied db1.sql.gz to nas as why (1.2M, 5d old, 30ms), its name was taken by other content",
         "copied ? to ?, its name was taken by other content"},
        {EVENT_REMOVED, "removed", "4aff6ead01144829ae92d59573fe3b7d", EVENT_NOTICE,
         "valcann: removed db1.sql.gz from nas (1.2M, 5d old, 30ms): why", "removed ?"},
        {EVENT_TRASHED, "trashed", "64701a6c9a834bfd807d1e158cd287f9", EVENT_NOTICE,
         "valcann: moved db1.sql.gz at nas to the trash directory (1.2M, 5d old, 30ms): why",
         "moved ? to the trash directory"},
        {EVENT_PURGED, "purged", "27a9fc44229e439191e15710e8fc559b", EVENT_NOTICE,
         "valcann: purged db1.sql.gz from the trash directory at nas (1.2M, 5d old, 30ms): why",
         "purged ? from the trash directory"},
        {EVENT_PUT_BACK, "put-back", "b5304b9fe3354e38ad29f71a7e5a16f9", EVENT_WARNING,
         "valcann: put db1.sql.gz back at nas, it was not the file that was to be removed: why",
         "put ? back, it was not the file that was to be removed"},
        {EVENT_REMOVE_FAILED, "remove-failed", "3d2d2124c00342c7b51796586589b894", EVENT_ERROR,
         "valcann: db1.sql.gz was not removed from nas: No space left on device (why)", "? was not removed"},
        {EVENT_CHANGED, "changed", "f09cefaee7b84966af83bcb127b46b79", EVENT_WARNING,
         "valcann: db1.sql.gz changed after it was copied (1.2M, 5d old, 30ms): why", "? changed after it was copied"},
        {EVENT_SUSPECT, "suspect", "d601aae4b95642518b7f04914c15ec83", EVENT_ERROR,
         "valcann: the content of db1.sql.gz is not what its digest says, though its times did not change: why",
         "the content of ? is not what its digest says, though its times did not change"},
        {EVENT_VERIFIED, "verified", "2bfaba9b379b429ebcec6d7eed20bdae", EVENT_INFO,
         "valcann: the copy of db1.sql.gz at nas was read again and is equal (1.2M, 5d old, 30ms)",
         "the copy of ? at ? was read again and is equal"},
        {EVENT_COPY_DAMAGED, "copy-damaged", "d198274171fd423fb4210b501febba58", EVENT_ERROR,
         "valcann: the copy of db1.sql.gz at nas was read again and differs: No space left on device: why",
         "the copy of ? at ? was read again and differs"},
        {EVENT_COPY_MISSING, "copy-missing", "15f4dff944234e028cf8a1cdf2888941", EVENT_WARNING,
         "valcann: the copy of db1.sql.gz at nas was removed or changed by others, and is wanted again: why",
         "the copy of ? at ? was removed or changed by others, and is wanted again"},
        {EVENT_DESTINATION_NEW, "destination-new", "163b68a7341f4f0c9a0accb800baf2a8", EVENT_NOTICE,
         "valcann: destination nas got its marker: why", "destination ? got its marker"},
        {EVENT_DESTINATION_MISSING, "destination-missing", "c40eef9438614439aa5d74ba09d07e1d", EVENT_ERROR,
         "valcann: destination nas is not there, or not the one it was: No space left on device: why",
         "destination ? is not there, or not the one it was"},
        {EVENT_DESTINATION_BUSY, "destination-busy", "b727e948f08346a98922fd39acbd9099", EVENT_ERROR,
         "valcann: destination nas is locked by another process: why", "destination ? is locked by another process"},
        {EVENT_DESTINATION_HUNG, "destination-hung", "c57f11af708148f3920808fdaa7f024b", EVENT_ERROR,
         "valcann: destination nas did not answer (1.2M, 5d old, 30ms): why", "destination ? did not answer"},
        {EVENT_METADATA, "metadata", "cbefcb5e4b1d4b0096334c4f0c690aed", EVENT_WARNING,
         "valcann: destination nas cannot keep all metadata: No space left on device: why",
         "destination ? cannot keep all metadata"},
        {EVENT_SOURCE_HELD, "source-held", "f23f7da469124be7ac8a5e8fd9691bca", EVENT_ERROR,
         "valcann: the source is not as it was, nothing of it is removed: No space left on device: why",
         "the source is not as it was, nothing of it is removed"},
        {EVENT_HELD, "held", "40016d668cbf4a97b7c2e4b7ab9ea67c", EVENT_WARNING,
         "valcann: removals are held as mass: why", "removals are held"},
        {EVENT_RECOVERED, "recovered", "3db75a8f7f094b6bbdf2db28f223cf06", EVENT_NOTICE,
         "valcann: the unfinished removal of db1.sql.gz from nas was brought to its end (1.2M, 5d old, 30ms): why",
         "the unfinished removal of ? was brought to its end"},
        {EVENT_LEFTOVER_REMOVED, "leftover-removed", "037d2d4242e74bda9f459df9f0eceb33", EVENT_INFO,
         "valcann: removed the temporary file db1.sql.gz from nas, left by a run that died (1.2M, 5d old, 30ms): why",
         "removed the temporary file ?, left by a run that died"},
        {EVENT_CATALOG_FAILED, "catalog-failed", "357922e2da38476b9138df97eacd3955", EVENT_ERROR,
         "valcann: the catalog cannot be used: No space left on device: why", "the catalog cannot be used"},
        {EVENT_PASS_DONE, "pass-done", "0b59286f37da48e6b3b97022c0f5976b", EVENT_INFO,
         "valcann: pass done (1.2M, 5d old, 30ms): why", "pass done"},
        {EVENT_UNTOLD, "untold", "de1ce2f4ea4445729c150645e13f4332", EVENT_WARNING,
         "valcann: the journal had no room for events, how many: why", "the journal had no room for events"},
};

static void assert_text(const struct Text *text, const char *expected, const char *label) {
        ck_assert_int_eq(text_error(text), 0);
        ck_assert_msg(text->n == strlen(expected) && memcmp(text->data, expected, text->n) == 0,
                      "%s: \"%.*s\" instead of \"%s\"", label, (int)text->n, text->data, expected);
}

static void assert_sentence(const struct Event *event, const char *expected) {
        struct Text text = {};

        event_add_sentence(event, &text);
        assert_text(&text, expected, event_name(event->kind));
        text_done(&text);
}

START_TEST(each_kind) {
        ck_assert_uint_eq(ELEMENTSOF(kinds), _EVENT_KIND_MAX);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                struct Event event = {
                        .kind = kinds[i].kind,
                        .set = "valcann",
                        .file = "db1.sql.gz",
                        .destination = "nas",
                        .has_size = true,
                        .size = 1300000,
                        .has_age = true,
                        .age_usec = 5 * USEC_PER_DAY,
                        .reason = "why",
                        .hold = "mass",
                        .duration_usec = 30 * USEC_PER_MSEC,
                        .error = ENOSPC,
                };

                ck_assert_uint_eq(kinds[i].kind, i);
                ck_assert_str_eq(event_name(i), kinds[i].name);
                ck_assert_str_eq(event_message_id(i), kinds[i].id);
                ck_assert_int_eq(event_priority(i), kinds[i].priority);
                assert_sentence(&event, kinds[i].full);
                event = (struct Event){.kind = i};
                assert_sentence(&event, kinds[i].bare);
        }
}
END_TEST

/* Random as version 4 of UUIDs is, as `systemd-id128 new` makes them. */
START_TEST(ids_and_names_are_unique) {
        for (size_t i = 0; i < _EVENT_KIND_MAX; i++) {
                const char *id = event_message_id(i);

                ck_assert_uint_eq(strlen(id), 32);
                ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
                assert_row(id[12] == '4' && strchr("89ab", id[16]), event_name(i));
                for (size_t k = 0; k < i; k++) {
                        ck_assert_str_ne(id, event_message_id(k));
                        ck_assert_str_ne(event_name(i), event_name(k));
                }
        }
}
END_TEST

START_TEST(facts_and_names) {
        static const struct {
                struct Event event;
                const char *sentence;
        } cases[] = {
                {{.kind = EVENT_REMOVED, .set = "s", .file = "a\nb\\c\xff\x1b", .reason = "no rule\nkeeps it"},
                 "s: removed a\\nb\\\\c\\xff\\x1b: no rule\\nkeeps it"},
                {{.kind = EVENT_REMOVED, .file = "f", .has_age = true, .age_usec = 3 * USEC_PER_HOUR},
                 "removed f (3h old)"},
                {{.kind = EVENT_COPIED, .file = "f", .destination = "d", .has_size = true}, "copied f to d (0B)"},
                {{.kind = EVENT_COPIED, .file = "f", .destination = "d", .duration_usec = 1}, "copied f to d (1ms)"},
                {{.kind = EVENT_COPIED, .file = "f", .destination = "d", .duration_usec = 999999},
                 "copied f to d (999ms)"},
                {{.kind = EVENT_COPIED, .file = "f", .destination = "d", .duration_usec = 90 * USEC_PER_SEC},
                 "copied f to d (1min)"},
                {{.kind = EVENT_COPIED, .file = "f", .destination = "d", .duration_usec = -1}, "copied f to d"},
                {{.kind = EVENT_COPY_FAILED, .file = "f", .destination = "d", .error = EIO},
                 "f was not copied to d: Input/output error"},
                {{.kind = EVENT_COPY_FAILED, .file = "f", .destination = "d", .error = 99999},
                 "f was not copied to d: error 99999"},
                {{.kind = EVENT_COPY_FAILED, .file = "f", .destination = "d", .reason = "100 %d[f]"},
                 "f was not copied to d (100 %d[f])"},
                {{.kind = EVENT_DESTINATION_MISSING, .destination = "é\n", .reason = ""},
                 "destination é\\n is not there, or not the one it was: "},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_sentence(&cases[i].event, cases[i].sentence);
}
END_TEST

static char *repeated(const char *s, size_t n) {
        char *text = calloc(n, strlen(s) + 1);

        ck_assert_ptr_nonnull(text);
        for (size_t i = 0; i < n; i++)
                strcat(text, s);
        return text;
}

/* A sentence stays short whatever the names, and is cut between characters. */
START_TEST(long_names_are_cut) {
        static const struct {
                const char *piece;
                size_t n, n_file, n_set;
        } cases[] = {
                {"x", 128, 128, 128},           {"x", 4353, 512 + 3, 128 + 3},
                {"é", 2176, 512 + 3, 128 + 3},  {"xé", 1400, 512 + 3, 127 + 3},
                {"éx", 1400, 511 + 3, 128 + 3}, {"€", 1400, 510 + 3, 126 + 3},
                {"𝄞", 1000, 512 + 3, 128 + 3},  {"\x80", 4353, 4 * 509 + 3, 4 * 125 + 3},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *name = repeated(cases[i].piece, cases[i].n);
                struct Text text = {};

                event_add_sentence(&(struct Event){.kind = EVENT_REMOVED, .file = name}, &text);
                ck_assert_uint_eq(text.n, strlen("removed ") + cases[i].n_file);
                ck_assert(text_is_utf8(text.data, text.n));
                text_clear(&text);
                event_add_sentence(&(struct Event){.kind = EVENT_PASS_DONE, .set = name}, &text);
                ck_assert_uint_eq(text.n, cases[i].n_set + strlen(": pass done"));
                ck_assert(text_is_utf8(text.data, text.n));
                text_done(&text);
        }
}
END_TEST

static void assert_field(const struct EventFields *fields, size_t i, const char *expected, size_t n) {
        ck_assert_uint_lt(i, fields->n_fields);
        ck_assert_msg(fields->fields[i].n == n && memcmp(fields->text.data + fields->fields[i].from, expected, n) == 0,
                      "\"%.*s\" instead of \"%s\"", (int)fields->fields[i].n,
                      fields->text.data + fields->fields[i].from, expected);
}

static void assert_fields(const struct EventFields *fields, const char *const *expected, size_t n) {
        for (size_t i = 0; i < n; i++)
                assert_field(fields, i, expected[i], strlen(expected[i]));
        ck_assert_uint_eq(fields->n_fields, n);
}

static struct Event whole_event(void) {
        struct Event event = {
                .kind = EVENT_REMOVED,
                .usec = 1795143845000000,
                .set = "valcann",
                .series = "db\n*.sql",
                .file = "db\n1=.sql\xff",
                .destination = "nas",
                .has_size = true,
                .size = UINT64_MAX,
                .has_digest = true,
                .has_age = true,
                .age_usec = -7,
                .reason = "no rule keeps it",
                .hold = "mass",
                .duration_usec = 1500000,
                .error = EIO,
        };

        memset(event.id, 0xab, sizeof(event.id));
        memset(event.digest.bytes, 0x0f, sizeof(event.digest.bytes));
        return event;
}

START_TEST(makes_fields) {
        static const char *const all[] = {
                "MESSAGE=valcann: removed db\\n1=.sql\\xff from nas (15E, 0s old, 1s): no rule keeps it",
                "MESSAGE_ID=4aff6ead01144829ae92d59573fe3b7d",
                "PRIORITY=5",
                "RETAIND_EVENT=removed",
                "RETAIND_EVENT_ID=abababababababababababababababab",
                "RETAIND_SET=valcann",
                "RETAIND_SERIES=db\n*.sql",
                "RETAIND_FILE=db\n1=.sql\xff",
                "RETAIND_DESTINATION=nas",
                "RETAIND_REASON=no rule keeps it",
                "RETAIND_HOLD=mass",
                "RETAIND_TIME_USEC=1795143845000000",
                "RETAIND_SIZE=18446744073709551615",
                "RETAIND_SHA256=0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
                "RETAIND_AGE_USEC=-7",
                "RETAIND_DURATION_USEC=1500000",
                "RETAIND_ERRNO=5",
        };
        static const char *const least[] = {
                "MESSAGE=pass done",       "MESSAGE_ID=0b59286f37da48e6b3b97022c0f5976b",       "PRIORITY=6",
                "RETAIND_EVENT=pass-done", "RETAIND_EVENT_ID=00000000000000000000000000000000",
        };
        struct Event event = whole_event();
        struct EventFields fields = {};

        ck_assert_int_eq(event_make_fields(&event, &fields), 0);
        assert_fields(&fields, all, ELEMENTSOF(all));
        ck_assert_int_eq(event_fields_priority(&fields), EVENT_NOTICE);
        event = (struct Event){.kind = EVENT_PASS_DONE};
        ck_assert_int_eq(event_make_fields(&event, &fields), 0);
        assert_fields(&fields, least, ELEMENTSOF(least));
        ck_assert_int_eq(event_fields_priority(&fields), EVENT_INFO);
        ck_assert_int_eq(event_fields_kind(&fields), EVENT_PASS_DONE);
        event_fields_done(&fields);
        ck_assert_uint_eq(fields.n_fields, 0);
        ck_assert_int_eq(event_fields_kind(&fields), _EVENT_KIND_MAX);
}
END_TEST

START_TEST(finds_fields) {
        struct Event event = whole_event();
        struct EventFields fields = {};
        const char *value;
        size_t n = 0;

        ck_assert_ptr_null(event_fields_find(&fields, "MESSAGE", &n));
        ck_assert_int_eq(event_make_fields(&event, &fields), 0);
        value = event_fields_find(&fields, "RETAIND_FILE", &n);
        ck_assert_uint_eq(n, 10);
        ck_assert_mem_eq(value, "db\n1=.sql\xff", n);
        ck_assert_ptr_null(event_fields_find(&fields, "RETAIND", &n));
        ck_assert_ptr_null(event_fields_find(&fields, "RETAIND_FILES", &n));
        event_fields_done(&fields);
}
END_TEST

START_TEST(packs_and_unpacks) {
        struct Event event = whole_event();
        struct EventFields fields = {}, again = {};
        struct Text block = {}, second = {};

        ck_assert_int_eq(event_make_fields(&event, &fields), 0);
        ck_assert_int_eq(event_fields_pack(&fields, &block), 0);
        for (int i = 0; i < 2; i++) { /* what the fields held before is replaced */
                ck_assert_int_eq(event_fields_unpack(block.data, block.n, &again), 0);
                ck_assert_uint_eq(again.n_fields, fields.n_fields);
                for (size_t k = 0; k < fields.n_fields; k++)
                        assert_field(&again, k, fields.text.data + fields.fields[k].from, fields.fields[k].n);
        }
        ck_assert_int_eq(event_fields_pack(&again, &second), 0);
        ck_assert_uint_eq(second.n, block.n);
        ck_assert_mem_eq(second.data, block.data, block.n);
        for (size_t n = 0; n < block.n; n++)
                ck_assert_int_eq(event_fields_unpack(block.data, n, &again), -EBADMSG);
        ck_assert_uint_eq(again.n_fields, fields.n_fields);
        event_fields_done(&fields);
        event_fields_done(&again);
        text_done(&block);
        text_done(&second);
}
END_TEST

/* The most that an event can be is what fits a block. */
START_TEST(longest_event_fits) {
        _cleanup_(freep) char *bytes = repeated("\xff", 10000);
        struct Event event = whole_event();
        struct EventFields fields = {}, again = {};
        struct Text block = {};
        size_t n;

        event.set = event.series = event.file = event.destination = event.reason = event.hold = bytes;
        for (unsigned kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                event.kind = kind;
                ck_assert_int_eq(event_make_fields(&event, &fields), 0);
                ck_assert_ptr_nonnull(event_fields_find(&fields, "RETAIND_REASON", &n));
                ck_assert_uint_eq(n, EVENT_REASON_MAX);
                ck_assert_ptr_nonnull(event_fields_find(&fields, "RETAIND_FILE", &n));
                ck_assert_uint_ge(n, 4096 + 255 + 1);
                text_clear(&block);
                ck_assert_int_eq(event_fields_pack(&fields, &block), 0);
                ck_assert_uint_le(block.n, EVENT_BLOCK_MAX);
                ck_assert_int_eq(event_fields_unpack(block.data, block.n, &again), 0);
        }
        fields.fields[1] = fields.fields[2] = fields.fields[6]; /* RETAIND_SERIES */
        ck_assert_int_eq(event_fields_pack(&fields, &block), -EMSGSIZE);
        event_fields_done(&fields);
        event_fields_done(&again);
        text_done(&block);
}
END_TEST

#define NAME_64 "A123456789012345678901234567890123456789012345678901234567890123"
#define BLOCK(bytes) bytes, sizeof(bytes) - 1

START_TEST(blocks) {
        static const struct {
                const char *label, *data;
                size_t n;
                int result;
                enum EventPriority priority;
        } cases[] = {
                {"nothing", BLOCK(""), -EBADMSG},
                {"half a header", BLOCK("\1"), -EBADMSG},
                {"no field", BLOCK("\1\0"), 0, EVENT_NOTICE},
                {"another version", BLOCK("\2\0"), -EBADMSG},
                {"more than said", BLOCK("\1\0x"), -EBADMSG},
                {"too many", BLOCK("\1\x19"), -EBADMSG},
                {"no length", BLOCK("\1\1"), -EBADMSG},
                {"half a length", BLOCK("\1\1\2"), -EBADMSG},
                {"cut short", BLOCK("\1\1\3\0A="), -EBADMSG},
                {"empty field", BLOCK("\1\1\0\0"), -EBADMSG},
                {"empty value", BLOCK("\1\1\2\0A="), 0, EVENT_NOTICE},
                {"no name", BLOCK("\1\1\2\0=A"), -EBADMSG},
                {"no equals sign", BLOCK("\1\1\2\0AB"), -EBADMSG},
                {"equals sign of the next", BLOCK("\1\2\1\0A\2\0B="), -EBADMSG},
                {"trusted name", BLOCK("\1\1\3\0_A="), -EBADMSG},
                {"name begins with a digit", BLOCK("\1\1\3\0001A="), -EBADMSG},
                {"small letters", BLOCK("\1\1\3\0Aa="), -EBADMSG},
                {"a space", BLOCK("\1\1\3\0A ="), -EBADMSG},
                {"long name", BLOCK("\1\1\x41\0" NAME_64 "="), 0, EVENT_NOTICE},
                {"longer name", BLOCK("\1\1\x42\0" NAME_64 "B="), -EBADMSG},
                {"any value", BLOCK("\1\1\7\0A_=\0\n=\xff"), 0, EVENT_NOTICE},
                {"error", BLOCK("\1\1\x0a\0PRIORITY=3"), 0, EVENT_ERROR},
                {"info", BLOCK("\1\1\x0a\0PRIORITY=6"), 0, EVENT_INFO},
                {"priority below", BLOCK("\1\1\x0a\0PRIORITY=2"), 0, EVENT_NOTICE},
                {"priority above", BLOCK("\1\1\x0a\0PRIORITY=7"), 0, EVENT_NOTICE},
                {"priority of two digits", BLOCK("\1\1\x0b\0PRIORITY=33"), 0, EVENT_NOTICE},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct EventFields fields = {};
                int r = event_fields_unpack(cases[i].data, cases[i].n, &fields);

                ck_assert_msg(r == cases[i].result, "%s: %d", cases[i].label, r);
                if (r == 0)
                        assert_row(event_fields_priority(&fields) == cases[i].priority, cases[i].label);
                else
                        assert_row(fields.n_fields == 0 && !fields.text.data, cases[i].label);
                event_fields_done(&fields);
        }
}
END_TEST

START_TEST(tells_kinds) {
        static const struct {
                const char *data;
                size_t n;
                enum EventKind kind;
        } cases[] = {
                {BLOCK("\1\1\x14\0RETAIND_EVENT=copied"), EVENT_COPIED},
                {BLOCK("\1\1\x14\0RETAIND_EVENT=untold"), EVENT_UNTOLD},
                {BLOCK("\1\1\x13\0RETAIND_EVENT=copie"), _EVENT_KIND_MAX},
                {BLOCK("\1\1\x14\0RETAIND_EVENT=copier"), _EVENT_KIND_MAX},
                {BLOCK("\1\1\x15\0RETAIND_EVENT=copied2"), _EVENT_KIND_MAX},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct EventFields fields = {};

                ck_assert_int_eq(event_fields_unpack(cases[i].data, cases[i].n, &fields), 0);
                ck_assert_int_eq(event_fields_kind(&fields), cases[i].kind);
                event_fields_done(&fields);
        }
}
END_TEST

START_TEST(block_is_bounded) {
        _cleanup_(freep) char *block = calloc(1, EVENT_BLOCK_MAX + 1);
        struct EventFields fields = {};
        size_t length;

        ck_assert_ptr_nonnull(block);
        for (size_t n = EVENT_BLOCK_MAX; n <= EVENT_BLOCK_MAX + 1; n++) {
                length = n - 4;
                memcpy(block, (const char[]){1, 1, (char)(length & 0xff), (char)(length >> 8), 'A', '='}, 6);
                ck_assert_int_eq(event_fields_unpack(block, n, &fields), n > EVENT_BLOCK_MAX ? -EBADMSG : 0);
        }
        event_fields_done(&fields);
}
END_TEST

static int there_and_back(void *userdata) {
        struct Event event = whole_event();
        struct EventFields fields = {}, again = {};
        struct Text block = {};
        int r;

        (void)userdata;
        r = event_make_fields(&event, &fields);
        if (r >= 0)
                r = event_fields_pack(&fields, &block);
        if (r >= 0)
                r = event_fields_unpack(block.data, block.n, &again);
        event_fields_done(&fields);
        event_fields_done(&again);
        text_done(&block);
        return r;
}

START_TEST(allocations_fail) {
        test_each_allocation_fails(there_and_back, NULL);
}
END_TEST

int main(void) {
        return test_run("event", (const TTest *[]){
                                         each_kind,
                                         ids_and_names_are_unique,
                                         facts_and_names,
                                         long_names_are_cut,
                                         makes_fields,
                                         finds_fields,
                                         packs_and_unpacks,
                                         longest_event_fits,
                                         blocks,
                                         tells_kinds,
                                         block_is_bounded,
                                         allocations_fail,
                                         NULL,
                                 });
}
