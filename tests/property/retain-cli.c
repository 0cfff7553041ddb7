/* SPDX-License-Identifier: MIT */

/*
 * Retention for retain-restic.py: a time zone and a policy as arguments, seconds
 * since 1970 on standard input, newest first; which of them are kept, by their
 * number, on standard output.
 *
 *     retain-cli Europe/Berlin NOW KeepDaily=7 'KeepWithin=3d' <times
 */

#include <stdio.h>

#include "lib/os.h"
#include "lib/retain.h"

#define N_ITEMS_MAX 10000

static int parse_rule(struct Policy *policy, const char *text) {
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++) {
                const char *name = policy_rule_name(rule);
                size_t n = strlen(name);

                if (strncmp(text, name, n) != 0 || text[n] != '=')
                        continue;
                policy->rules |= 1u << rule;
                if (span_parse(text + n + 1, &policy->span[rule]) != 0)
                        policy->count[rule] = (uint32_t)strtoul(text + n + 1, NULL, 10);
                return 0;
        }
        return -1;
}

int main(int argc, char *argv[]) {
        _cleanup_(zone_freep) struct Zone *zone = NULL;
        _cleanup_(freep) char *data = NULL;
        static struct RetainItem items[N_ITEMS_MAX];
        struct Policy policy = {};
        size_t n = 0, n_data;
        char path[256];
        long long sec;
        int64_t next;

        if (argc < 3)
                return 2;
        snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", argv[1]);
        if (os_read_file(path, 1 << 20, &data, &n_data, NULL) < 0 || zone_new_from_tzif(data, n_data, &zone) != 0)
                return 2;
        for (int i = 3; i < argc; i++)
                if (parse_rule(&policy, argv[i]) < 0)
                        return 2;
        while (n < N_ITEMS_MAX && scanf("%lld", &sec) == 1)
                items[n++] = (struct RetainItem){.time_usec = sec * USEC_PER_SEC};
        retain_apply(&policy, zone, strtoll(argv[2], NULL, 10) * USEC_PER_SEC, USEC_PER_DAY, items, n, &next);
        for (size_t i = 0; i < n; i++)
                if (items[i].kept_by != 0)
                        printf("%zu\n", i);
        return 0;
}
