#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our retention beside the real `restic forget --dry-run`: the same histories, the same numbers, the same backups kept.

Some series with random and regular histories are made once as snapshots of one repository (a host is a series); then
each random policy is asked of both. No two times in a history are a whole number of hours apart, because restic leaves
out what is exactly KeepWithin= old, and we keep it.

    retain-restic.py RETAIN-CLI [POLICIES]"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from zoneinfo import ZoneInfo

ZONES = ('Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati')
RULES = {'KeepLast': 'last', 'KeepHourly': 'hourly', 'KeepDaily': 'daily', 'KeepWeekly': 'weekly',
         'KeepMonthly': 'monthly', 'KeepYearly': 'yearly'}
SPANS = {'KeepWithin': 'within', 'KeepWithinHourly': 'within-hourly', 'KeepWithinDaily': 'within-daily',
         'KeepWithinWeekly': 'within-weekly', 'KeepWithinMonthly': 'within-monthly',
         'KeepWithinYearly': 'within-yearly'}
HISTORIES = 3
PER_HISTORY = 10


def histories(rng, zone):
    """Seconds since 1970 for each series, newest first, all in the past; some about the days of 23 and 25 hours."""
    here = ZoneInfo(zone)
    ends = [datetime(2025, 3, 31, 1, 7, tzinfo=here), datetime(2025, 10, 27, 1, 7, tzinfo=here),
            datetime(2025, 1, 3, 12, 7, tzinfo=here), datetime(2024, 3, 2, 12, 7, tzinfo=here)]
    for number, end in enumerate(ends[:HISTORIES]):
        step = (1800, 3600 * 7, 86400, 86400 * 9)[(number + rng.randrange(2)) % 4]
        t, times = int(end.timestamp()), []
        for _ in range(PER_HISTORY):
            times.append(t)
            t -= step + rng.randrange(1, 1 + step // 3) if rng.random() < 0.8 else rng.randrange(1, 3600)
        yield times


def policy(rng):
    rules = {key: rng.randrange(1, 7) for key in RULES if rng.random() < 0.35}
    spans = {key: (rng.randrange(3) * (rng.random() < 0.3), rng.randrange(13) * (rng.random() < 0.4),
                   rng.randrange(1, 40), rng.randrange(24)) for key in SPANS if rng.random() < 0.25}
    return (rules, spans) if rules or spans else policy(rng)


def restic(repository, zone, *arguments):
    environment = {**os.environ, 'RESTIC_REPOSITORY': f'{repository}/{zone.replace("/", "-")}', 'RESTIC_PASSWORD': 'x',
                   'RESTIC_CACHE_DIR': f'{repository}/cache', 'TZ': zone}
    return subprocess.run(['restic', '--no-lock', *arguments], env=environment, check=True, capture_output=True).stdout


def seconds_of(text):
    return int(datetime.fromisoformat(text).timestamp())


def main():
    cli, n_policies = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 24
    seed = int(os.environ.get('RETAIND_TEST_SEED') or 20261120)
    rng = random.Random(seed)
    failed = False
    print(f'# seed {seed}')
    print(f'1..{n_policies}')
    with tempfile.TemporaryDirectory(prefix='retaind-restic-') as top:
        os.mkdir(f'{top}/data')
        series = {}
        for zone in ZONES:
            restic(top, zone, 'init', '-q')
            series[zone] = {f'series{n}': times for n, times in enumerate(histories(rng, zone))}
        for zone in ZONES:
            for host, times in series[zone].items():
                for t in times:
                    local = datetime.fromtimestamp(t, ZoneInfo(zone))
                    restic(top, zone, 'backup', '-q', '--force', '--host', host, '--time',
                           local.strftime('%Y-%m-%d %H:%M:%S'), f'{top}/data')
            # What restic made of a local time that comes twice is what counts.
            for host in series[zone]:
                snapshots = json.loads(restic(top, zone, 'snapshots', '--json', '--host', host))
                series[zone][host] = sorted((seconds_of(s['time']) for s in snapshots), reverse=True)
        for number in range(1, n_policies + 1):
            zone = ZONES[number % len(ZONES)]
            rules, spans = policy(rng)
            theirs, ours = ['forget', '--dry-run', '--json', '--group-by', 'host'], []
            for key, count in rules.items():
                theirs.append(f'--keep-{RULES[key]}={count}')
                ours.append(f'{key}={count}')
            for key, (y, m, d, h) in spans.items():
                theirs.append(f'--keep-{SPANS[key]}={y}y{m}m{d}d{h}h')
                ours.append(f'{key}={y}y {m}month {d}d {h}h')
            groups = json.loads(restic(top, zone, *theirs).splitlines()[0])
            wrong = []
            for group in groups:
                times = series[zone][group['host']]
                kept = sorted((seconds_of(s['time']) for s in group['keep'] or []), reverse=True)
                out = subprocess.run([cli, zone, str(int(time.time())), *ours], check=True, capture_output=True,
                                     input='\n'.join(map(str, times)).encode()).stdout
                mine = [times[int(i)] for i in out.split()]
                if mine != kept:
                    wrong.append(f'{group["host"]}: we keep {mine}, restic {kept}')
            if len(groups) != HISTORIES:
                wrong.append(f'restic answered for {len(groups)} series')
            print(f'{"not ok" if wrong else "ok"} {number} - {zone} {" ".join(ours)}')
            for line in wrong:
                print(f'# {line}')
            failed = failed or bool(wrong)
            sys.stdout.flush()
    sys.exit(failed)


if __name__ == '__main__':
    main()
