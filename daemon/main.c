/* SPDX-License-Identifier: MIT */

/*
 * retaind: reads the command line and the configuration, and hands over to the
 * manager.
 */

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <sysexits.h>

#include "daemon/check.h"
#include "daemon/journal.h"
#include "daemon/line.h"
#include "daemon/log.h"
#include "daemon/manager.h"
#include "daemon/notify.h"
#include "daemon/once.h"
#include "daemon/options.h"
#include "daemon/terminal.h"
#include "daemon/worker-main.h"
#include "lib/config-read.h"
#include "lib/hash.h"
#include "lib/os.h"
#include "lib/text.h"
#include "version.h"

/* Each set's and each destination's worker takes two, for as long as it is kept. */
#define N_DESCRIPTORS 65536

/* In the journal as errors, where somebody looks for these. */
static void print_problems(const struct Problems *problems) {
        for (size_t i = 0; i < problems_n_lines(problems); i++) {
                _cleanup_(text_done) struct Text text = {};
                _cleanup_(freep) char *line = NULL;

                if (problems_format_line(problems, i, &line) < 0)
                        continue;
                text_add(&text, journal_is_stderr() ? "<3>" : "");
                text_add(&text, line);
                text_add(&text, "\n");
                if (text_error(&text) >= 0)
                        (void)line_write(text.data, text.n);
        }
}

/* The configuration that --source=, --to= and --keep-for= stand for. */
static int config_from_options(const struct Options *options, struct Problems *problems, struct Config **ret) {
        _cleanup_(config_builder_freep) struct ConfigBuilder *builder = NULL;
        _cleanup_(freep) char *source = realpath(options->source, NULL);
        _cleanup_(freep) char *to = options->to ? realpath(options->to, NULL) : NULL;
        const struct HashKey key = {};
        char section[64], copy[64];
        uint64_t hash;
        int r;

        r = config_builder_new(problems, &builder);
        if (r >= 0)
                r = config_builder_begin_file(builder, "command line");
        /* The catalog knows a set by its name: each pair of directories is one of its own. */
        hash = hash_bytes(
                &key, hash_bytes(&key, 0, source ? source : options->source, strlen(source ? source : options->source)),
                strempty(to), strlen(strempty(to)));
        snprintf(section, sizeof(section), "set cli-%08x", (unsigned)hash);
        if (r >= 0)
                r = config_builder_section(builder, section, 0);
        if (r >= 0)
                r = config_builder_assign(builder, "Source", source ? source : options->source, 0);
        if (r >= 0 && options->keep_for)
                r = config_builder_assign(builder, "KeepFor", options->keep_for, 0);
        snprintf(copy, sizeof(copy), "copy cli-%08x/destination", (unsigned)hash);
        if (r >= 0 && options->to) {
                r = config_builder_section(builder, copy, 0);
                if (r >= 0)
                        r = config_builder_assign(builder, "To", to ? to : options->to, 0);
        }
        return r < 0 ? r : config_finish(builder, NULL, problems, ret);
}

/* /etc/retaind/retaind.conf and its drop-ins, or wherever systemd says that they are. */
static int config_from_system(struct Problems *problems, struct Config **ret) {
        _cleanup_(freep) char *path = NULL, *dropins = NULL;
        const char *directory = getenv("CONFIGURATION_DIRECTORY");

        if (!directory || !*directory)
                directory = "/etc/retaind";
        /* systemd separates several by colons; the unit names one. */
        if (asprintf(&path, "%.*s/retaind.conf", (int)strcspn(directory, ":"), directory) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (asprintf(&dropins, "%.*s/conf.d", (int)strcspn(directory, ":"), directory) < 0) {
                dropins = NULL;
                return -ENOMEM;
        }
        return config_read(path, dropins, NULL, problems, ret);
}

static int read_config(const struct Options *options, struct Config **ret) {
        _cleanup_(problems_done) struct Problems problems = {};
        int r;

        if (options->source)
                r = config_from_options(options, &problems, ret);
        else if (options->config)
                r = config_read(options->config, NULL, NULL, &problems, ret);
        else
                r = config_from_system(&problems, ret);
        print_problems(&problems);
        if (r < 0)
                log_error("cannot read the configuration: %s", log_errno(r));
        return r;
}

/* Of directories on the command line: where they are not there, it is the command that is wrong. */
static bool is_directory_given(const char *option, const char *path) {
        _cleanup_(freep) char *real = path ? realpath(path, NULL) : NULL;

        if (path && !real)
                log_error("--%s=%s: %s", option, log_name(path), log_errno(-errno));
        return !path || real;
}

int main(int argc, char *argv[]) {
        _cleanup_(config_freep) struct Config *config = NULL;
        struct Options options;
        int r;

        if (argc == 2 && streq(argv[1], "--worker"))
                return worker_main();
        /* Only to know how wide characters stand; what is printed does not depend on it. */
        setlocale(LC_CTYPE, "");
        if (options_parse(argc, argv, &options) != 0)
                return EXIT_USAGE;
        if (options.command == COMMAND_HELP) {
                options_print_help();
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        if (options.command == COMMAND_VERSION) {
                printf("retaind %s\n", VERSION);
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }

        if (options.command == COMMAND_DAEMON)
                line_never_wait();
        terminal_init();
        if (!is_directory_given("source", options.source) || !is_directory_given("to", options.to))
                return EXIT_USAGE;
        r = read_config(&options, &config);
        if (r != 0 && options.command == COMMAND_DAEMON)
                notify_failed(r < 0 ? r : -EINVAL);
        if (r != 0)
                return r < 0 ? EXIT_FAILURE : EX_CONFIG;
        if (options.command == COMMAND_CHECK_CONFIG) {
                check_print(config);
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        if (options.command == COMMAND_ONCE)
                return once_run(config, &options);
        os_allow_descriptors(N_DESCRIPTORS);
        return manager_run(TAKE_PTR(config), &options, read_config);
}
