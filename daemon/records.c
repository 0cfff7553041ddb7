/* SPDX-License-Identifier: MIT */
#include "daemon/records.h"

#include "lib/array.h"
#include "lib/error.h"
#include "lib/os.h"

struct Records *records_new(int64_t set) {
        struct Records *records = calloc(1, sizeof(*records));

        if (!records)
                return NULL;
        records->set = set;
        records->usec = os_now_usec();
        return records;
}

struct Records *records_free(struct Records *records) {
        if (!records)
                return NULL;
        for (size_t i = 0; i < records->n_events; i++)
                event_fields_done(&records->events[i].fields);
        for (size_t i = 0; i < records->n_strings; i++)
                free(records->strings[i]);
        free(records->backups);
        free(records->entries);
        free(records->copies);
        free(records->ends);
        free(records->intents);
        free(records->owners);
        free(records->intent_ends);
        free(records->events);
        free(records->strings);
        free(records);
        return NULL;
}

const char *records_own(struct Records *records, char *string) {
        if (!string)
                return NULL;
        if (ARRAY_APPEND(records, strings, string) < 0) {
                free(string);
                return NULL;
        }
        return string;
}

static int write_backups(struct Catalog *catalog, struct Records *records) {
        int r = 0;

        /* First what ends, because its name may be another's now. */
        for (size_t i = 0; i < records->n_ends && r == 0; i++)
                r = catalog_end_backup(catalog, records->ends[i].id, records->ends[i].fate, records->usec,
                                       records->ends[i].reason);
        for (size_t i = 0; i < records->n_backups && r == 0; i++)
                r = catalog_put_backup(catalog, &records->backups[i]);
        for (size_t i = 0; i < records->n_copies && r == 0; i++) {
                struct RecordsCopy *copy = &records->copies[i];

                if (copy->backup != RECORDS_NEW)
                        copy->copy.backup = records->backups[copy->backup].id;
                r = catalog_put_copy(catalog, &copy->copy);
        }
        return r;
}

static int write_event(struct Catalog *catalog, const struct RecordsEvent *e) {
        _cleanup_(text_done) struct Text text = {};
        struct CatalogEvent event = {.usec = e->usec};
        int r;

        r = event_fields_pack(&e->fields, &text);
        if (r < 0)
                return r;
        memcpy(event.id, e->id, sizeof(event.id));
        event.data = text.data;
        event.n_data = text.n;
        return catalog_put_event(catalog, &event);
}

int records_write(struct Catalog *catalog, void *data) {
        struct Records *records = data;
        int r;

        r = write_backups(catalog, records);
        for (size_t i = 0; i < records->n_intents && r == 0; i++) {
                if (records->owners[i] != RECORDS_NEW)
                        records->intents[i].owner = records->intents[records->owners[i]].id;
                r = catalog_put_intent(catalog, &records->intents[i]);
        }
        for (size_t i = 0; i < records->n_intent_ends && r == 0; i++)
                r = catalog_end_intent(catalog, records->intent_ends[i].id, records->intent_ends[i].state,
                                       records->usec);
        for (size_t i = 0; i < records->n_events && r == 0; i++)
                r = write_event(catalog, &records->events[i]);
        if (r == 0 && records->has_root)
                r = catalog_put_root(catalog, records->set, &records->root);
        return r;
}
