/* SPDX-License-Identifier: MIT */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/line.h"
#include "lib/text.h"

void log_line(enum LogLevel level, const char *format, ...) {
        static const char *const words[] = {
                [LOG_LEVEL_ERROR] = "error: ",
                [LOG_LEVEL_WARNING] = "warning: ",
                [LOG_LEVEL_NOTICE] = "",
        };
        static const char *const prefixes[] = {
                [LOG_LEVEL_ERROR] = "<3>", [LOG_LEVEL_WARNING] = "<4>", [LOG_LEVEL_NOTICE] = "<5>"};
        char text[8192], line[sizeof(text) + 32];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        /* Who reads it without a terminal (the journal, cron) takes the priority from the front. */
        snprintf(line, sizeof(line), "%sretaind: %s%s\n", isatty(STDERR_FILENO) ? "" : prefixes[level], words[level],
                 text);
        /* Where both go to one place, each line stands where it belongs. */
        fflush(stdout);
        (void)line_write(line, strlen(line));
}

const char *log_errno(int negative_errno) {
        return strerrordesc_np(-negative_errno) ? strerrordesc_np(-negative_errno) : "unknown error";
}

const char *log_name(const char *name) {
        static char names[8][1024];
        static unsigned next;
        char *buf = names[next++ % ELEMENTSOF(names)];
        struct Text text = {};

        text_add_escaped(&text, name, strlen(name));
        snprintf(buf, sizeof(names[0]), "%.*s", (int)MIN(text.n, sizeof(names[0])), text.data ? text.data : "");
        text_done(&text);
        return buf;
}
