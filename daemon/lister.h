/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writes listings. Their disk may not answer, and the event loop does not wait: it
 * hands over the text, and hears what became of it. Each write has a thread of its
 * own, so that one that hangs stops no other; of one listing there is one write at
 * a time, and of the texts that come meanwhile the newest is written after it.
 */

#include <systemd/sd-event.h>

#include "lib/base.h"
#include "lib/text.h"

struct Lister;

enum {
        LISTER_E_LATE = 1, /* nothing was heard for as long as patience lasts; how it ends is told all the same */
};

/* is_late: LISTER_E_LATE was told of it before. */
typedef void (*ListerTold)(void *userdata, const char *set, const char *path, int r, bool is_late);

int lister_new(sd_event *event, int64_t patience_usec, ListerTold told, void *userdata, struct Lister **ret);
/* Waits a moment for what is being written; what takes longer is left to the end of the process. */
struct Lister *lister_free(struct Lister *lister);
DEFINE_CLEANUP(struct Lister *, lister_free)

/* Takes the text, also on failure. */
int lister_write(struct Lister *lister, const char *set, const char *path, struct Text *text);

/* Nothing is being written but what is late; NULL writes nothing. */
bool lister_is_idle(const struct Lister *lister) _pure_;
