/* SPDX-License-Identifier: MIT */

/* What parses as a span is formatted and read back as the same span; sizes do not crash. */

#include "lib/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool equal(const struct Span *a, const struct Span *b) {
        return a->years == b->years && a->months == b->months && a->days == b->days && a->usec == b->usec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char text[256], buf[SPAN_TEXT_MAX];
        struct Span span, again;
        uint64_t bytes;

        if (size >= sizeof(text))
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        if (span_parse(text, &span) == 0) {
                if (span_parse(span_format(&span, buf), &again) != 0 || !equal(&span, &again))
                        abort();
                if (span.years < 0 || span.months < 0 || span.days < 0 || span.usec < 0 || span_usec(&span) < 0)
                        abort();
                age_format(span_usec(&span), buf);
        }
        if (size_parse(text, &bytes) == 0)
                size_format(bytes, buf);
        return 0;
}
