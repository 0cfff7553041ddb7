/* SPDX-License-Identifier: MIT */
#include "lib/store-internal.h"

#include "lib/error.h"
#include "lib/os-file.h"

/* Dirty pages are sent out early and never pile up: no fsync at the end that takes minutes and says nothing. */
#define WRITE_BACK_STEP (UINT64_C(8) * 1024 * 1024)
#define WRITE_BACK_BEHIND (UINT64_C(32) * 1024 * 1024)

int store_digest(struct StoreHand *hand, int fd, uint64_t size, bool is_progress, struct Digest *ret) {
        uint64_t offset = 0;
        int r;

        r = digest_stream_begin(hand->digest);
        while (r >= 0 && offset < size) {
                ssize_t n =
                        os_read_at(fd, hand->buffer, (size_t)MIN(size - offset, (uint64_t)STORE_BUFFER_SIZE), offset);

                if (n <= 0)
                        return n == 0 ? -ESTALE : (int)n;
                r = digest_stream_add(hand->digest, hand->buffer, (size_t)n);
                offset += (uint64_t)n;
                if (r >= 0 && size > WRITE_BACK_STEP)
                        r = store_progress(hand, is_progress ? (uint64_t)n : 0);
        }
        return r < 0 ? r : digest_stream_end(hand->digest, ret);
}

int store_digest_from_device(struct StoreHand *hand, int fd, uint64_t size, struct Digest *ret) {
        os_drop_cache(fd, 0, 0);
        return store_digest(hand, fd, size, false, ret);
}

/* One stretch of data. *synced is how far write-back was begun. */
static int copy_stretch(struct StoreHand *hand, int from, int to, uint64_t offset, uint64_t end, uint64_t *begun,
                        const char **ret_call) {
        while (offset < end) {
                ssize_t n =
                        os_read_at(from, hand->buffer, (size_t)MIN(end - offset, (uint64_t)STORE_BUFFER_SIZE), offset);
                int r;

                *ret_call = "read";
                if (n <= 0)
                        return n == 0 ? -ESTALE : (int)n;
                *ret_call = "write";
                r = os_write_all_at(to, hand->buffer, (size_t)n, offset);
                if (r < 0)
                        return r;
                r = digest_stream_add(hand->digest, hand->buffer, (size_t)n);
                if (r < 0)
                        return r;
                offset += (uint64_t)n;
                r = store_progress(hand, (uint64_t)n);
                if (r < 0)
                        return r;
                if (offset - *begun < WRITE_BACK_STEP)
                        continue;
                os_begin_write_back(to, *begun, offset - *begun);
                *begun = offset;
                *ret_call = "sync";
                if (offset >= WRITE_BACK_BEHIND)
                        r = os_wait_write_back(to, 0, offset - WRITE_BACK_BEHIND);
                if (r < 0)
                        return r;
                if (hand->rolling && offset >= WRITE_BACK_BEHIND)
                        store_rolling_offer(hand->rolling, offset - WRITE_BACK_BEHIND);
        }
        return 0;
}

static int copy_with_holes(struct StoreHand *hand, int from, uint64_t size, int to, const char **ret_call) {
        uint64_t offset = 0, begun = 0;
        int r;

        while (offset < size) {
                uint64_t data, end;

                *ret_call = "lseek";
                r = os_next_data(from, offset, size, &data, &end);
                if (r < 0)
                        return r;
                r = digest_stream_add_zeros(hand->digest, data - offset);
                if (r >= 0)
                        r = store_progress(hand, data - offset);
                if (r < 0)
                        return r;
                r = copy_stretch(hand, from, to, data, end, &begun, ret_call);
                if (r < 0)
                        return r;
                offset = end;
        }
        *ret_call = "truncate";
        return os_truncate(to, size);
}

int store_copy_data(struct StoreHand *hand, int from, const struct statx *st, int to, struct Digest *ret,
                    const char **ret_call) {
        uint64_t begun = 0;
        int r;

        *ret_call = "clone";
        r = st->stx_size > 0 ? os_clone(from, to) : -EOPNOTSUPP;
        if (r >= 0) {
                *ret_call = "read";
                return store_digest(hand, from, st->stx_size, true, ret);
        }
        if (r != -EOPNOTSUPP)
                return r;

        r = digest_stream_begin(hand->digest);
        if (r < 0)
                return r;
        /* Fewer blocks than bytes: there are holes, or the file system compresses. */
        if (st->stx_blocks < st->stx_size / 512)
                r = copy_with_holes(hand, from, st->stx_size, to, ret_call);
        else
                r = copy_stretch(hand, from, to, 0, st->stx_size, &begun, ret_call);
        if (r < 0)
                return r;
        if (st->stx_size >= WRITE_BACK_STEP)
                os_begin_write_back(to, 0, 0);
        return digest_stream_end(hand->digest, ret);
}
