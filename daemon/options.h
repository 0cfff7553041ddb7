/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The command line as values.
 */

#include "lib/base.h"

enum Command {
        COMMAND_DAEMON,
        COMMAND_ONCE,
        COMMAND_CHECK_CONFIG,
        COMMAND_HELP,
        COMMAND_VERSION,
};

struct Options {
        enum Command command;
        bool dry_run;
        bool json;
        const char *config; /* NULL: the usual place, with its drop-ins */
        const char *source; /* with it, no configuration file is read */
        const char *to;
        const char *keep_for;
        bool yes;     /* with source: do it */
        bool release; /* lift the mass hold for this pass */
        const char *
                release_set; /* of this set alone, and the holds of its source and the clock too; NULL: all sets' mass */
        bool verify;         /* read copies again */
        int64_t patience_usec; /* for a worker that does not answer */
        bool is_now_given;
        int64_t now_usec; /* the moment to plan for */
};

#define EXIT_USAGE 2

enum {
        OPTIONS_E_USAGE = 1, /* said on standard error */
};

int options_parse(int argc, char *argv[], struct Options *ret);
void options_print_help(void);
