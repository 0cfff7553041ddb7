/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>

#include "daemon/log.h"
#include "lib/name.h"
#include "lib/os.h"

void options_print_help(void) {
        fputs("retaind [OPTIONS…]\n"
              "\n"
              "Keep backup directories: copy each finished backup, remove the old ones when that is safe.\n"
              "\n"
              "  --once             make one pass over all sets and exit\n"
              "  --dry-run          with --once: show the plan and change nothing\n"
              "  --json             with --once: the plan as JSON, one object a line for every backup\n"
              "  --now=TIME         with --dry-run: plan as if it were that time (2026-12-24, 2026-12-24T03:04:05Z)\n"
              "  --config=FILE      read this file alone (default: /etc/retaind/retaind.conf and conf.d/*.conf)\n"
              "  --check-config     say what is wrong with the configuration, and exit\n"
              "  --help, --version\n"
              "\n"
              "Without a configuration file:\n"
              "  --source=DIR       the directory with the backups\n"
              "  --to=DIR           a directory that gets copies of them\n"
              "  --keep-for=SPAN    how long a backup is kept: 3d, 2w, 6month\n"
              "\n"
              "Examples:\n"
              "  retaind --once --dry-run\n"
              "  retaind --once --dry-run --source=/var/backups/db --to=/mnt/nas/db --keep-for=2w\n"
              "  retaind --once --dry-run --json | jq -r 'select(.verdict == \"remove\") | .file'\n"
              "\n"
              "Exit status: 0 done, 1 something failed and was named, 2 wrong usage, 78 bad configuration.\n"
              "This version plans and lists; it copies and removes nothing yet.\n"
              "See retaind(8) and retaind.conf(5).\n",
              stdout);
}

static int usage(const char *problem, const char *argument) {
        log_error("%s%s; see retaind --help", problem, argument);
        return OPTIONS_E_USAGE;
}

/* Reads a time by the same forms that a file name may carry; what is no part of it may not be there. */
static int parse_now(const char *text, int64_t *ret) {
        struct Name name;
        size_t n = strlen(text);

        if (n > 64)
                return OPTIONS_E_USAGE;
        name_parse(text, n, &name);
        if (!name.is_dated || name.n_holes != 1 || name.holes[0].from != 0 || name.holes[0].to != n)
                return OPTIONS_E_USAGE;
        *ret = name_time_usec(&name.time, zone_utc(), 0);
        return 0;
}

static int check(const struct Options *options, bool once, const char *now) {
        bool plan_options = options->dry_run || options->json || now;

        if (options->command == COMMAND_CHECK_CONFIG)
                return once || plan_options || options->source ? usage("--check-config goes with --config= alone", "")
                                                               : 0;
        if (!once)
                return usage("nothing to do: --once makes a pass (this version has no daemon yet)", "");
        if (now && !options->dry_run)
                return usage("--now= goes with --dry-run only", "");
        if (!options->source && (options->to || options->keep_for))
                return usage("--to= and --keep-for= go with --source=", "");
        if (options->source && options->config)
                return usage("--source= takes the place of a configuration file: leave out --config=", "");
        return 0;
}

int options_parse(int argc, char *argv[], struct Options *ret) {
        enum { OPTION_NOW = 256 };
        static const struct option table[] = {
                {"once", no_argument, NULL, 'o'},           {"dry-run", no_argument, NULL, 'n'},
                {"json", no_argument, NULL, 'j'},           {"now", required_argument, NULL, OPTION_NOW},
                {"config", required_argument, NULL, 'c'},   {"check-config", no_argument, NULL, 'k'},
                {"source", required_argument, NULL, 's'},   {"to", required_argument, NULL, 't'},
                {"keep-for", required_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
                {"version", no_argument, NULL, 'v'},        {},
        };
        struct Options options = {.command = COMMAND_ONCE};
        const char *now = NULL;
        bool once = false;
        int c;

        opterr = 0;
        while ((c = getopt_long(argc, argv, ":h", table, NULL)) >= 0)
                switch (c) {
                case 'o':
                        once = true;
                        break;
                case 'n':
                        options.dry_run = true;
                        break;
                case 'j':
                        options.json = true;
                        break;
                case OPTION_NOW:
                        now = optarg;
                        break;
                case 'c':
                        options.config = optarg;
                        break;
                case 'k':
                        options.command = COMMAND_CHECK_CONFIG;
                        break;
                case 's':
                        options.source = optarg;
                        break;
                case 't':
                        options.to = optarg;
                        break;
                case 'f':
                        options.keep_for = optarg;
                        break;
                case 'h':
                        options.command = COMMAND_HELP;
                        *ret = options;
                        return 0;
                case 'v':
                        options.command = COMMAND_VERSION;
                        *ret = options;
                        return 0;
                case ':':
                        return usage("a value is missing after ", argv[optind - 1]);
                default:
                        return usage("unknown option ", argv[optind - 1]);
                }
        if (optind < argc)
                return usage("unexpected argument ", argv[optind]);

        options.now_usec = os_now_usec();
        if (now && parse_now(now, &options.now_usec) != 0)
                return usage("--now= is no time; write 2026-12-24 or 2026-12-24T03:04:05Z, not ", now);
        *ret = options;
        return check(&options, once, now);
}
