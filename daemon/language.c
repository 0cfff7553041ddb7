/* SPDX-License-Identifier: MIT */
#include "daemon/language.h"

#include <libintl.h>
#include <locale.h>

#include "daemon/log.h"
#include "lib/base.h"
#include "lib/listing.h"
#include "version.h"

#define DOMAIN "retaind"

const char *language_listing_line(const char *language) {
        const char *directory = secure_getenv("RETAIND_LOCALE_DIR"), *line;

        if (!language)
                return LISTING_LINE;
        bindtextdomain(DOMAIN, directory ? directory : LOCALE_DIR);
        bind_textdomain_codeset(DOMAIN, "UTF-8");
        /* A minimal system has no locale but C.UTF-8, in which gettext still heeds LANGUAGE. */
        setlocale(LC_MESSAGES, "C.UTF-8");
        setenv("LANGUAGE", language, 1);

        line = dgettext(DOMAIN, LISTING_LINE);
        if (streq(line, LISTING_LINE) && strncmp(language, "en", 2) != 0)
                log_warning("there is no translation for Language=%s; listings are in English", language);
        return line;
}
