/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Rows to text: the listing of a directory in the configured language, and a
 * plan's backups as JSON, one object a line.
 */

#include "lib/base.h"
#include "lib/index.h"
#include "lib/plan.h"
#include "lib/text.h"

/*
 * A line of a listing with {name}, {size}, {created} and {modified} in it; translations have their own. Not a
 * format of printf's, so that no translation can be a mistake worse than a misspelling.
 */
#define N_(s) s /* marks a text for translation */
#define LISTING_LINE N_("Name: {name}, Size: {size} bytes, Created: {created}, Modified: {modified}")

/* Every file of the index, sorted by its path. */
int listing_write(const struct Index *index, const struct Zone *zone, const char *line, struct Text *text);

struct ListingPlan {
        const struct ConfigSet *set;
        struct Index *index;
        const struct Plan *plan;
};

/* One backup: set, file, series, time, time_from, size, verdict, reasons, holds, copy_to, companions. */
void listing_add_json(const struct ListingPlan *plan, uint32_t entry, const char *series, struct Text *text);

/* What keeps a backup, by the n-th lowest bit of kept_by: the rule's key, or "settling" … */
const char *listing_reason(uint32_t bit) _const_;
