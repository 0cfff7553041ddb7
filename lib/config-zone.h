/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The time zones that sets name, from the system's zone files. The environment
 * ($TZ) has no say: what is kept must not depend on who started the daemon.
 */

#include "lib/base.h"
#include "lib/config.h"
#include "lib/problem.h"

/* Where things lie on this system; a NULL member, or NULL for the whole, is the usual place. */
struct ConfigPlaces {
        const char *zones;      /* /usr/share/zoneinfo */
        const char *local_time; /* /etc/localtime */
};

/* Gives each set its zone; where one cannot be had, an error is added and the set has UTC. */
int config_load_zones(struct Config *config, const struct ConfigPlaces *places, struct Problems *problems);
