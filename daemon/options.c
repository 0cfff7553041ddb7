/* SPDX-License-Identifier: MIT */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>

#include "daemon/log.h"
#include "lib/name.h"
#include "lib/os.h"
#include "lib/span.h"

void options_print_help(void) {
        fputs("retaind [OPTIONS…]\n"
              "\n"
              "Keep backup directories: copy each finished backup, remove the old ones when that is safe.\n"
              "Without --once: stay in the foreground and do so whenever there is something to do. SIGHUP reads the\n"
              "configuration again, SIGTERM and Ctrl-C end it.\n"
              "\n"
              "  --once             make one pass over all sets and exit\n"
              "  --dry-run          with --once: show the plan and change nothing\n"
              "  --json             with --once: the plan as JSON, one object a line for every backup\n"
              "  --release          with --once: lift the mass hold for this pass\n"
              "  --release=SET      of this set alone; and take its source and the clock for right as they are\n"
              "  --verify           with --once: read all copies again and compare them\n"
              "  --patience=SPAN    how long a disk may not answer before it is given up for a pass (5min)\n"
              "  --now=TIME         with --dry-run: plan as if it were that time (2026-12-24, 2026-12-24T03:04:05Z)\n"
              "  --config=FILE      read this file alone (default: /etc/retaind/retaind.conf and conf.d/*.conf)\n"
              "  --check-config     say what is wrong with the configuration, and exit\n"
              "  --help, --version\n"
              "\n"
              "Without a configuration file:\n"
              "  --source=DIR       the directory with the backups\n"
              "  --to=DIR           a directory that gets copies of them\n"
              "  --keep-for=SPAN    how long a backup is kept: 3d, 2w, 6month\n"
              "  --yes              do it; without, the plan is shown and nothing is changed\n"
              "\n"
              "Examples:\n"
              "  systemctl enable --now retaind; journalctl -f -u retaind\n"
              "  retaind --once --dry-run\n"
              "  retaind --once --dry-run --source=/var/backups/db --to=/mnt/nas/db --keep-for=2w\n"
              "  retaind --once --dry-run --json | jq -r 'select(.verdict == \"remove\") | .file'\n"
              "\n"
              "Exit status: 0 done, 1 something failed and was named, 2 wrong usage, 78 bad configuration.\n"
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

static int parse_patience(const char *text, int64_t *ret) {
        struct Span span;

        if (span_parse(text, &span) != 0 || span_usec(&span) < USEC_PER_SEC)
                return OPTIONS_E_USAGE;
        *ret = span_usec(&span);
        return 0;
}

static int check(const struct Options *options, bool once, const char *now) {
        bool plan_options =
                options->dry_run || options->json || now || options->yes || options->release || options->verify;

        if (options->command == COMMAND_CHECK_CONFIG)
                return once || plan_options || options->source ? usage("--check-config goes with --config= alone", "")
                                                               : 0;
        if (!once)
                return plan_options || options->source ? usage("this goes with --once; see --help", "") : 0;
        if (now && !options->dry_run)
                return usage("--now= goes with --dry-run only", "");
        if (options->dry_run && (options->yes || options->release || options->verify))
                return usage("--dry-run changes nothing: leave out --yes, --release and --verify", "");
        if (options->yes && !options->source)
                return usage("--yes goes with --source=; a configuration file is a yes", "");
        if (!options->source && (options->to || options->keep_for))
                return usage("--to= and --keep-for= go with --source=", "");
        if (options->source && options->config)
                return usage("--source= takes the place of a configuration file: leave out --config=", "");
        return 0;
}

/* What was read before it is checked. */
struct Given {
        struct Options options;
        bool once;
        const char *now;
        const char *patience;
};

enum {
        OPTION_ONCE = 256,
        OPTION_DRY_RUN,
        OPTION_JSON,
        OPTION_NOW,
        OPTION_CONFIG,
        OPTION_CHECK_CONFIG,
        OPTION_SOURCE,
        OPTION_TO,
        OPTION_KEEP_FOR,
        OPTION_YES,
        OPTION_RELEASE,
        OPTION_VERIFY,
        OPTION_PATIENCE,
        OPTION_VERSION,
};

static const struct option option_table[] = {
        {"once", no_argument, NULL, OPTION_ONCE},
        {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
        {"json", no_argument, NULL, OPTION_JSON},
        {"now", required_argument, NULL, OPTION_NOW},
        {"config", required_argument, NULL, OPTION_CONFIG},
        {"check-config", no_argument, NULL, OPTION_CHECK_CONFIG},
        {"source", required_argument, NULL, OPTION_SOURCE},
        {"to", required_argument, NULL, OPTION_TO},
        {"keep-for", required_argument, NULL, OPTION_KEEP_FOR},
        {"yes", no_argument, NULL, OPTION_YES},
        {"release", optional_argument, NULL, OPTION_RELEASE},
        {"verify", no_argument, NULL, OPTION_VERIFY},
        {"patience", required_argument, NULL, OPTION_PATIENCE},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {},
};

static void take_option(struct Given *given, int option, const char *argument) {
        struct Options *options = &given->options;

        switch (option) {
        case OPTION_ONCE:
                given->once = true;
                break;
        case OPTION_DRY_RUN:
                options->dry_run = true;
                break;
        case OPTION_JSON:
                options->json = true;
                break;
        case OPTION_NOW:
                given->now = argument;
                break;
        case OPTION_CONFIG:
                options->config = argument;
                break;
        case OPTION_CHECK_CONFIG:
                options->command = COMMAND_CHECK_CONFIG;
                break;
        case OPTION_SOURCE:
                options->source = argument;
                break;
        case OPTION_TO:
                options->to = argument;
                break;
        case OPTION_KEEP_FOR:
                options->keep_for = argument;
                break;
        case OPTION_YES:
                options->yes = true;
                break;
        case OPTION_RELEASE:
                options->release = true;
                options->release_set = argument;
                break;
        case OPTION_VERIFY:
                options->verify = true;
                break;
        case OPTION_PATIENCE:
                given->patience = argument;
                break;
        }
}

int options_parse(int argc, char *argv[], struct Options *ret) {
        struct Given given = {.options.command = COMMAND_ONCE};
        int option, r;

        opterr = 0;
        while ((option = getopt_long(argc, argv, ":h", option_table, NULL)) >= 0) {
                if (option == 'h' || option == OPTION_VERSION) {
                        *ret = (struct Options){.command = option == 'h' ? COMMAND_HELP : COMMAND_VERSION};
                        return 0;
                }
                if (option == ':')
                        return usage("a value is missing after ", argv[optind - 1]);
                if (option == '?')
                        return usage("unknown option ", argv[optind - 1]);
                take_option(&given, option, optarg);
        }
        if (optind < argc)
                return usage("unexpected argument ", argv[optind]);

        given.options.now_usec = os_now_usec();
        given.options.patience_usec = 5 * USEC_PER_MINUTE;
        if (given.patience && parse_patience(given.patience, &given.options.patience_usec) != 0)
                return usage("--patience= is no time span of a second or more; write 30s or 5min, not ",
                             given.patience);
        if (given.now && parse_now(given.now, &given.options.now_usec) != 0)
                return usage("--now= is no time; write 2026-12-24 or 2026-12-24T03:04:05Z, not ", given.now);
        given.options.is_now_given = given.now;
        r = check(&given.options, given.once, given.now);
        if (given.options.command == COMMAND_ONCE && !given.once)
                given.options.command = COMMAND_DAEMON;
        /* Without a configuration somebody wants to see first. */
        given.options.dry_run = given.options.dry_run || (given.options.source && !given.options.yes);
        if (r == 0)
                *ret = given.options;
        return r;
}
