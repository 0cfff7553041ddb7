/* SPDX-License-Identifier: MIT */
#include "daemon/progress.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/terminal.h"
#include "lib/array.h"
#include "lib/os.h"
#include "lib/span.h"
#include "lib/text.h"

#define DRAW_USEC (200 * USEC_PER_MSEC)
#define BAR_WIDTH 20

struct Bar {
        const void *key;
        const char *name;
        uint64_t total, done;
        int64_t begun_usec;
};

struct Progress {
        struct Bar *bars;
        size_t n_bars, n_bars_allocated;
        int64_t drawn_usec;
        bool is_drawn;
};

int progress_new(struct Progress **ret) {
        struct Progress *progress = NULL;

        if (isatty(STDERR_FILENO)) {
                progress = calloc(1, sizeof(*progress));
                if (!progress)
                        return -ENOMEM;
        }
        *ret = progress;
        return 0;
}

struct Progress *progress_free(struct Progress *progress) {
        if (!progress)
                return NULL;
        progress_clear(progress);
        free(progress->bars);
        free(progress);
        return NULL;
}

void progress_clear(struct Progress *progress) {
        if (!progress || !progress->is_drawn)
                return;
        fputs("\r\033[K", stderr);
        progress->is_drawn = false;
}

static struct Bar *find(struct Progress *progress, const void *key) {
        for (size_t i = 0; progress && i < progress->n_bars; i++)
                if (progress->bars[i].key == key)
                        return &progress->bars[i];
        return NULL;
}

void progress_begin(struct Progress *progress, const void *key, const char *name, uint64_t total) {
        struct Bar bar = {.key = key, .name = name, .total = total, .begun_usec = os_monotonic_usec()};

        if (progress && total > 0)
                (void)ARRAY_APPEND(progress, bars, bar); /* without memory there is no bar, and nothing else is lost */
}

static void add_bar(struct Text *text, const struct Bar *bar, int64_t now_usec) {
        int64_t elapsed = MAX(now_usec - bar->begun_usec, INT64_C(1));
        uint64_t done = MIN(bar->done, bar->total), rate = bar->done * (uint64_t)USEC_PER_SEC / (uint64_t)elapsed;
        char size[SPAN_TEXT_MAX], of[SPAN_TEXT_MAX], per[SPAN_TEXT_MAX], left[SPAN_TEXT_MAX];
        unsigned filled = (unsigned)((double)done / (double)bar->total * BAR_WIDTH);
        char line[256];

        age_format(rate > 0 ? (int64_t)((bar->total - done) / rate) * USEC_PER_SEC : 0, left);
        snprintf(line, sizeof(line), " [%.*s%*s] %s of %s, %s/s, %s left  ", (int)filled, "####################",
                 BAR_WIDTH - (int)filled, "", size_format(done, size), size_format(bar->total, of),
                 size_format(rate, per), left);
        text_add(text, bar->name);
        text_add(text, line);
}

void progress_set(struct Progress *progress, const void *key, uint64_t done) {
        _cleanup_(text_done) struct Text text = {};
        int64_t now_usec = os_monotonic_usec();
        struct Bar *bar = find(progress, key);

        if (!bar)
                return;
        bar->done = done;
        if (progress->is_drawn && now_usec - progress->drawn_usec < DRAW_USEC)
                return;
        progress->drawn_usec = now_usec;
        progress->is_drawn = true;
        for (size_t i = 0; i < progress->n_bars; i++)
                add_bar(&text, &progress->bars[i], now_usec);
        if (text_error(&text) >= 0)
                fprintf(stderr, "\r%.*s\033[K", (int)MIN(text.n, MIN(terminal_width(), (size_t)1000)), text.data);
}

void progress_end(struct Progress *progress, const void *key) {
        struct Bar *bar = find(progress, key);

        if (!bar)
                return;
        progress_clear(progress);
        *bar = progress->bars[--progress->n_bars];
}
