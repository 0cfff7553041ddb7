/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Translations, through gettext. Language= decides and not the environment: a
 * listing is the same whoever started the pass.
 */

/* A line of a listing (see lib/listing.h) in that language, or in English where there is no translation. */
const char *language_listing_line(const char *language);
