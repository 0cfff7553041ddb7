/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the program says about itself, to standard error: problems and notices,
 * one line each. The plan is not said here; it is the program's output.
 */

#include "lib/base.h"

enum LogLevel { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE };

void log_line(enum LogLevel level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)

/* An errno in words; the pointer is good until the next call. */
const char *log_errno(int negative_errno);

/* A name as it may be shown; the pointer is good until the eighth call after. */
const char *log_name(const char *name);
