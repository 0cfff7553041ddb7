/* SPDX-License-Identifier: MIT */

/* Whatever block the catalog gives back: what is taken for fields is bounded, named, and packs to the same block. */

#include "lib/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
        if (!holds)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct EventFields fields = {};
        struct Text block = {};
        enum EventPriority priority;

        if (event_fields_unpack(data, size, &fields) != 0) {
                require(fields.n_fields == 0 && !fields.text.data);
                return 0;
        }
        require(fields.n_fields <= EVENT_FIELDS_MAX);
        for (size_t i = 0; i < fields.n_fields; i++) {
                const char *field = fields.text.data + fields.fields[i].from;
                const char *end = memchr(field, '=', fields.fields[i].n);
                char name[65] = "";
                size_t n;

                require(fields.fields[i].from + fields.fields[i].n <= fields.text.n);
                require(end && end > field && (size_t)(end - field) < sizeof(name) && *field != '_');
                memcpy(name, field, (size_t)(end - field));
                require(event_fields_find(&fields, name, &n) && n < fields.text.n);
        }
        priority = event_fields_priority(&fields);
        require(priority >= EVENT_ERROR && priority <= EVENT_INFO);
        require(event_fields_pack(&fields, &block) == 0);
        require(block.n == size && memcmp(block.data, data, size) == 0);
        text_done(&block);
        event_fields_done(&fields);
        return 0;
}
