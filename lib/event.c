/* SPDX-License-Identifier: MIT */
#include "lib/event.h"

#include <stdio.h>

#include "lib/span.h"

/* So that the fields of one event, the longest names in them, fit EVENT_BLOCK_MAX. Bytes before escaping. */
#define SENTENCE_FILE_MAX 512
#define SENTENCE_WORD_MAX 128

/*
 * The sentences: %f file, %d destination, %r reason, %h hold, %e the errno in words, %( what is known of size, age
 * and duration in parentheses. What stands in brackets is left out where its value is missing. The ids are for ever:
 * people search for them.
 */
static const struct {
        const char *name;
        const char *message_id;
        enum EventPriority priority;
        const char *sentence;
} kinds[_EVENT_KIND_MAX] = {
        [EVENT_COPIED] = {"copied", "0b250f11e054416d95ee0b4ca8f7b75d", EVENT_INFO, "copied %f to %d%("},
        [EVENT_ADOPTED] = {"adopted", "cfe1aa3b664e4362ae6b56d9db32e626", EVENT_INFO,
                           "an equal %f was at %d already%("},
        [EVENT_COPY_FAILED] = {"copy-failed", "5e21d5e8b8ec4d4f9c06633311d70a41", EVENT_ERROR,
                               "%f was not copied to %d[: %e][ (%r)]"},
        [EVENT_COPY_RENAMED] = {"copy-renamed", "ea098e09c8ae4feca89d3d90f9d89929", EVENT_INFO,
                                "at %d, the copy[ %r] is now named %f, as its backup is"},
        [EVENT_VERSIONED] = {"versioned", "305a646868a44fe691ff9f3110f481c0", EVENT_NOTICE,
                             "copied %f to %d[ as %r]%(, its name was taken by other content"},
        [EVENT_REMOVED] = {"removed", "4aff6ead01144829ae92d59573fe3b7d", EVENT_NOTICE, "removed %f[ from %d]%([: %r]"},
        [EVENT_TRASHED] = {"trashed", "64701a6c9a834bfd807d1e158cd287f9", EVENT_NOTICE,
                           "moved %f[ at %d] to the trash directory%([: %r]"},
        [EVENT_PURGED] = {"purged", "27a9fc44229e439191e15710e8fc559b", EVENT_NOTICE,
                          "purged %f from the trash directory[ at %d]%([: %r]"},
        [EVENT_PUT_BACK] = {"put-back", "b5304b9fe3354e38ad29f71a7e5a16f9", EVENT_WARNING,
                            "put %f back[ at %d], it was not the file that was to be removed[: %r]"},
        [EVENT_REMOVE_FAILED] = {"remove-failed", "3d2d2124c00342c7b51796586589b894", EVENT_ERROR,
                                 "%f was not removed[ from %d][: %e][ (%r)]"},
        [EVENT_CHANGED] = {"changed", "f09cefaee7b84966af83bcb127b46b79", EVENT_WARNING,
                           "%f changed after it was copied%([: %r]"},
        [EVENT_SUSPECT] = {"suspect", "d601aae4b95642518b7f04914c15ec83", EVENT_ERROR,
                           "the content of %f is not what its digest says, though its times did not change[: %r]"},
        [EVENT_VERIFIED] = {"verified", "2bfaba9b379b429ebcec6d7eed20bdae", EVENT_INFO,
                            "the copy of %f at %d was read again and is equal%("},
        [EVENT_COPY_DAMAGED] = {"copy-damaged", "d198274171fd423fb4210b501febba58", EVENT_ERROR,
                                "the copy of %f at %d was read again and differs[: %e][: %r]"},
        [EVENT_COPY_MISSING] = {"copy-missing", "15f4dff944234e028cf8a1cdf2888941", EVENT_WARNING,
                                "the copy of %f at %d was removed or changed by others, and is wanted again[: %r]"},
        [EVENT_DESTINATION_NEW] = {"destination-new", "163b68a7341f4f0c9a0accb800baf2a8", EVENT_NOTICE,
                                   "destination %d got its marker[: %r]"},
        [EVENT_DESTINATION_MISSING] = {"destination-missing", "c40eef9438614439aa5d74ba09d07e1d", EVENT_ERROR,
                                       "destination %d is not there, or not the one it was[: %e][: %r]"},
        [EVENT_DESTINATION_BUSY] = {"destination-busy", "b727e948f08346a98922fd39acbd9099", EVENT_ERROR,
                                    "destination %d is locked by another process[: %r]"},
        [EVENT_DESTINATION_HUNG] = {"destination-hung", "c57f11af708148f3920808fdaa7f024b", EVENT_ERROR,
                                    "destination %d did not answer%([: %r]"},
        [EVENT_METADATA] = {"metadata", "cbefcb5e4b1d4b0096334c4f0c690aed", EVENT_WARNING,
                            "destination %d cannot keep all metadata[: %e][: %r]"},
        [EVENT_SOURCE_HELD] = {"source-held", "f23f7da469124be7ac8a5e8fd9691bca", EVENT_ERROR,
                               "the source is not as it was, nothing of it is removed[: %e][: %r]"},
        [EVENT_HELD] = {"held", "40016d668cbf4a97b7c2e4b7ab9ea67c", EVENT_WARNING, "removals are held[ as %h][: %r]"},
        [EVENT_RECOVERED] = {"recovered", "3db75a8f7f094b6bbdf2db28f223cf06", EVENT_NOTICE,
                             "the unfinished removal of %f[ from %d] was brought to its end%([: %r]"},
        [EVENT_LEFTOVER_REMOVED] = {"leftover-removed", "037d2d4242e74bda9f459df9f0eceb33", EVENT_INFO,
                                    "removed the temporary file %f[ from %d], left by a run that died%([: %r]"},
        [EVENT_CATALOG_FAILED] = {"catalog-failed", "357922e2da38476b9138df97eacd3955", EVENT_ERROR,
                                  "the catalog cannot be used[: %e][: %r]"},
        [EVENT_PASS_DONE] = {"pass-done", "0b59286f37da48e6b3b97022c0f5976b", EVENT_INFO, "pass done%([: %r]"},
        [EVENT_UNTOLD] = {"untold", "de1ce2f4ea4445729c150645e13f4332", EVENT_WARNING,
                          "the journal had no room for events[, how many: %r]"},
};

const char *event_name(enum EventKind kind) {
        return kinds[kind].name;
}

const char *event_message_id(enum EventKind kind) {
        return kinds[kind].message_id;
}

enum EventPriority event_priority(enum EventKind kind) {
        return kinds[kind].priority;
}

static bool is_continuation(char c) {
        return ((uint8_t)c & 0xc0) == 0x80;
}

static void add_beginning(struct Text *text, const char *s, size_t max) {
        size_t n = strnlen(s, max + 1);

        if (n <= max) {
                text_add_escaped(text, s, n);
                return;
        }
        for (n = max; n > max - 3 && is_continuation(s[n]); n--)
                ;
        text_add_escaped(text, s, n);
        text_add(text, "…");
}

/* Of a long path the end says more. */
static void add_file(struct Text *text, const char *path) {
        size_t n = strlen(path), from = n > SENTENCE_FILE_MAX ? n - SENTENCE_FILE_MAX : 0;

        for (unsigned i = 0; from > 0 && i < 3 && is_continuation(path[from]); i++)
                from++;
        if (from > 0)
                text_add(text, "…");
        text_add_escaped(text, path + from, n - from);
}

static const char *duration_format(int64_t usec, char buf[static SPAN_TEXT_MAX]) {
        if (usec >= USEC_PER_SEC)
                return age_format(usec, buf);
        snprintf(buf, SPAN_TEXT_MAX, "%lldms", (long long)MAX(usec / USEC_PER_MSEC, INT64_C(1)));
        return buf;
}

static void add_facts(const struct Event *event, struct Text *text) {
        const char *separator = " (";
        char buf[SPAN_TEXT_MAX];

        if (event->has_size) {
                text_add(text, separator);
                text_add(text, size_format(event->size, buf));
                separator = ", ";
        }
        if (event->has_age) {
                text_add(text, separator);
                text_add(text, age_format(event->age_usec, buf));
                text_add(text, " old");
                separator = ", ";
        }
        if (event->duration_usec > 0) {
                text_add(text, separator);
                text_add(text, duration_format(event->duration_usec, buf));
                separator = ", ";
        }
        if (streq(separator, ", "))
                text_add(text, ")");
}

static void add_error(struct Text *text, int error) {
        const char *words = strerrordesc_np(error);

        if (words) {
                text_add(text, words);
                return;
        }
        text_add(text, "error ");
        text_add_number(text, (uint64_t)error);
}

static bool has_value(const struct Event *event, char what) {
        switch (what) {
        case 'f':
                return event->file;
        case 'd':
                return event->destination;
        case 'r':
                return event->reason;
        case 'h':
                return event->hold;
        default:
                return event->error > 0;
        }
}

static void add_value(const struct Event *event, char what, struct Text *text) {
        if (what == '(')
                add_facts(event, text);
        else if (!has_value(event, what))
                text_add(text, "?");
        else if (what == 'f')
                add_file(text, event->file);
        else if (what == 'd')
                add_beginning(text, event->destination, SENTENCE_WORD_MAX);
        else if (what == 'r')
                add_beginning(text, event->reason, EVENT_REASON_MAX);
        else if (what == 'h')
                add_beginning(text, event->hold, SENTENCE_WORD_MAX);
        else
                add_error(text, event->error);
}

void event_add_sentence(const struct Event *event, struct Text *text) {
        if (event->set) {
                add_beginning(text, event->set, SENTENCE_WORD_MAX);
                text_add(text, ": ");
        }
        for (const char *s = kinds[event->kind].sentence; *s; s++) {
                if (*s == '[' && !has_value(event, strchr(s, '%')[1]))
                        s = strchr(s, ']');
                else if (*s == '%')
                        add_value(event, *++s, text);
                else if (*s != '[' && *s != ']')
                        text_add_bytes(text, s, 1);
        }
}
