/* SPDX-License-Identifier: MIT */

/*
 * An event's fields, and those fields as one block of bytes: a version, their
 * number, and for each its length (two bytes, the lower first) and its bytes. A
 * block is read as strictly as it is written, so that there is one block for the
 * same fields: what the catalog gives back may have been damaged.
 */

#include "lib/event.h"

#include <errno.h>
#include <stdio.h>

#define BLOCK_VERSION 1
#define BLOCK_HEADER_SIZE 2
#define FIELD_HEADER_SIZE 2
#define FIELD_NAME_MAX 64 /* journald takes no longer ones */
#define VALUE_MAX 4608    /* the longest path relative to a source, and some */
#define WORD_MAX 128

void event_fields_done(struct EventFields *fields) {
        text_done(&fields->text);
        *fields = (struct EventFields){};
}

static void field_begin(struct EventFields *fields, const char *name) {
        fields->fields[fields->n_fields].from = fields->text.n;
        text_add(&fields->text, name);
        text_add(&fields->text, "=");
}

static void field_end(struct EventFields *fields) {
        fields->fields[fields->n_fields].n = fields->text.n - fields->fields[fields->n_fields].from;
        fields->n_fields++;
}

static void add_string(struct EventFields *fields, const char *name, const char *value, size_t max) {
        if (!value)
                return;
        field_begin(fields, name);
        text_add_bytes(&fields->text, value, strnlen(value, max));
        field_end(fields);
}

static void add_number(struct EventFields *fields, const char *name, int64_t number) {
        char digits[24];

        snprintf(digits, sizeof(digits), "%lld", (long long)number);
        add_string(fields, name, digits, sizeof(digits));
}

static void add_size(struct EventFields *fields, uint64_t size) {
        field_begin(fields, "RETAIND_SIZE");
        text_add_number(&fields->text, size);
        field_end(fields);
}

static void add_numbers(const struct Event *event, struct EventFields *fields) {
        char buf[DIGEST_TEXT_SIZE];

        if (event->usec != 0)
                add_number(fields, "RETAIND_TIME_USEC", event->usec);
        if (event->has_size)
                add_size(fields, event->size);
        if (event->has_digest)
                add_string(fields, "RETAIND_SHA256", digest_format(&event->digest, buf), sizeof(buf));
        if (event->has_age)
                add_number(fields, "RETAIND_AGE_USEC", event->age_usec);
        if (event->duration_usec != 0)
                add_number(fields, "RETAIND_DURATION_USEC", event->duration_usec);
        if (event->error != 0)
                add_number(fields, "RETAIND_ERRNO", event->error);
}

int event_make_fields(const struct Event *event, struct EventFields *fields) {
        struct EventFields made = {};
        int r;

        field_begin(&made, "MESSAGE");
        event_add_sentence(event, &made.text);
        field_end(&made);
        add_string(&made, "MESSAGE_ID", event_message_id(event->kind), WORD_MAX);
        add_number(&made, "PRIORITY", event->is_routine ? EVENT_INFO : event_priority(event->kind));
        add_string(&made, "RETAIND_EVENT", event_name(event->kind), WORD_MAX);
        field_begin(&made, "RETAIND_EVENT_ID");
        text_add_hex(&made.text, (const char *)event->id, EVENT_ID_SIZE);
        field_end(&made);
        add_string(&made, "RETAIND_SET", event->set, WORD_MAX);
        add_string(&made, "RETAIND_SERIES", event->series, VALUE_MAX);
        add_string(&made, "RETAIND_FILE", event->file, VALUE_MAX);
        add_string(&made, "RETAIND_DESTINATION", event->destination, WORD_MAX);
        add_string(&made, "RETAIND_REASON", event->reason, EVENT_REASON_MAX);
        add_string(&made, "RETAIND_HOLD", event->hold, WORD_MAX);
        add_numbers(event, &made);

        r = text_error(&made.text);
        if (r < 0) {
                event_fields_done(&made);
                return r;
        }
        event_fields_done(fields);
        *fields = made;
        return 0;
}

const char *event_fields_find(const struct EventFields *fields, const char *name, size_t *ret_n) {
        size_t n_name = strlen(name);

        for (size_t i = 0; i < fields->n_fields; i++) {
                const char *field = fields->text.data + fields->fields[i].from;
                size_t n = fields->fields[i].n;

                if (n > n_name && field[n_name] == '=' && memcmp(field, name, n_name) == 0) {
                        *ret_n = n - n_name - 1;
                        return field + n_name + 1;
                }
        }
        return NULL;
}

enum EventPriority event_fields_priority(const struct EventFields *fields) {
        size_t n;
        const char *value = event_fields_find(fields, "PRIORITY", &n);

        if (!value || n != 1 || *value < '0' + EVENT_ERROR || *value > '0' + EVENT_INFO)
                return EVENT_NOTICE;
        return (enum EventPriority)(*value - '0');
}

enum EventKind event_fields_kind(const struct EventFields *fields) {
        enum EventKind kind = 0;
        size_t n;
        const char *name = event_fields_find(fields, "RETAIND_EVENT", &n);

        while (kind < _EVENT_KIND_MAX &&
               !(name && strlen(event_name(kind)) == n && memcmp(event_name(kind), name, n) == 0))
                kind++;
        return kind;
}

int event_fields_pack(const struct EventFields *fields, struct Text *text) {
        size_t n = BLOCK_HEADER_SIZE;

        for (size_t i = 0; i < fields->n_fields; i++)
                n += FIELD_HEADER_SIZE + fields->fields[i].n;
        if (n > EVENT_BLOCK_MAX)
                return -EMSGSIZE;
        text_add_bytes(text, (const char[]){BLOCK_VERSION, (char)fields->n_fields}, BLOCK_HEADER_SIZE);
        for (size_t i = 0; i < fields->n_fields; i++) {
                size_t length = fields->fields[i].n;

                text_add_bytes(text, (const char[]){(char)(length & 0xff), (char)(length >> 8)}, FIELD_HEADER_SIZE);
                text_add_bytes(text, fields->text.data + fields->fields[i].from, length);
        }
        return text_error(text);
}

/* As journald wants it: NAME=…, the name of capitals, digits and "_", beginning with a capital. */
static bool is_field(const uint8_t *field, size_t n) {
        const uint8_t *end = memchr(field, '=', MIN(n, (size_t)FIELD_NAME_MAX + 1));

        if (!end || field[0] < 'A' || field[0] > 'Z')
                return false;
        for (const uint8_t *p = field; p < end; p++)
                if ((*p < 'A' || *p > 'Z') && !ascii_is_digit((char)*p) && *p != '_')
                        return false;
        return true;
}

int event_fields_unpack(const void *data, size_t n, struct EventFields *fields) {
        const uint8_t *p = data, *end;
        struct EventFields read = {};

        if (n < BLOCK_HEADER_SIZE || n > EVENT_BLOCK_MAX || p[0] != BLOCK_VERSION || p[1] > EVENT_FIELDS_MAX)
                return -EBADMSG;
        end = p + n;
        read.n_fields = p[1];
        p += BLOCK_HEADER_SIZE;
        for (size_t i = 0; i < read.n_fields; i++) {
                size_t length;

                if (end - p < FIELD_HEADER_SIZE)
                        return -EBADMSG;
                length = p[0] | (size_t)p[1] << 8;
                p += FIELD_HEADER_SIZE;
                if (length > (size_t)(end - p) || !is_field(p, length))
                        return -EBADMSG;
                /* The block is the text, lengths and all. */
                read.fields[i].from = (size_t)(p - (const uint8_t *)data);
                read.fields[i].n = length;
                p += length;
        }
        if (p != end)
                return -EBADMSG;
        text_add_bytes(&read.text, data, n);
        if (text_error(&read.text) < 0)
                return -ENOMEM;
        event_fields_done(fields);
        *fields = read;
        return 0;
}
