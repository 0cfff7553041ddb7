/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a file is beside its bytes: owner, mode, times, extended attributes,
 * ACLs, given to its copy.
 */

#include "lib/base.h"
#include "lib/config.h"

#include <sys/stat.h>

/* What a best-effort copy could not be given. */
enum MetadataLost {
        METADATA_LOST_OWNER = 1 << 0,
        METADATA_LOST_MODE = 1 << 1,
        METADATA_LOST_TIMES = 1 << 2,
        METADATA_LOST_ATTRIBUTES = 1 << 3,
        _METADATA_LOST_MAX = 1 << 4,
};

/*
 * After the data, because writing clears set-uid bits and capabilities. st is of the source. On failure *ret_call
 * names the call; with CONFIG_METADATA_BEST_EFFORT what the file system or our rights forbid is a bit in *lost.
 */
int metadata_copy(int from, const struct statx *st, int to, enum ConfigMetadata policy, uint32_t *lost,
                  const char **ret_call);

/* "owner, times", in a buffer of at least METADATA_LOST_TEXT_MAX */
#define METADATA_LOST_TEXT_MAX 64
const char *metadata_lost_text(uint32_t lost, char buf[static METADATA_LOST_TEXT_MAX]);
