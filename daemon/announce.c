/* SPDX-License-Identifier: MIT */
#include "daemon/announce.h"

#include "daemon/log.h"
#include "lib/text.h"

static void add_value(struct Text *text, const struct Policy *policy, enum PolicyRule rule) {
        char span[SPAN_TEXT_MAX];

        if (rule == POLICY_KEEP_FOR || rule >= POLICY_KEEP_WITHIN)
                text_add(text, span_format(&policy->span[rule], span));
        else if (policy->count[rule] == POLICY_ALL)
                text_add(text, "all");
        else
                text_add_number(text, policy->count[rule]);
}

/* " /mnt/nas (KeepDaily=7, KeepWeekly=4)" */
static void add_tree(struct Text *text, const char *path, const struct Policy *policy) {
        const char *separator = " (";

        text_add(text, " ");
        text_add_escaped(text, path, strlen(path));
        for (enum PolicyRule rule = 0; rule < _POLICY_RULE_MAX; rule++)
                if (policy_has(policy, rule)) {
                        text_add(text, separator);
                        text_add(text, policy_rule_name(rule));
                        text_add(text, "=");
                        add_value(text, policy, rule);
                        separator = ", ";
                }
        text_add(text, policy->rules == 0 ? " (all is kept)" : ")");
}

void announce_sets(const struct Config *config) {
        for (size_t i = 0; i < config->n_sets; i++) {
                const struct ConfigSet *set = config->sets[i];
                _cleanup_(text_done) struct Text text = {};

                add_tree(&text, set->source, &set->policy);
                for (size_t c = 0; c < set->n_copies; c++) {
                        text_add(&text, c == 0 ? "; copied to " : ", to ");
                        text_add(&text, set->copies[c]->name);
                        text_add(&text, ":");
                        add_tree(&text, set->copies[c]->to, &set->copies[c]->policy);
                }
                if (text_error(&text) >= 0)
                        log_notice("%s:%.*s", set->name, (int)text.n, text.data);
        }
}
