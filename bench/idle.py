#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the daemon takes while nothing happens: how often it wakes, its CPU time, and its memory for each file.

A thousand files a directory, ten series in each, names of 40 bytes; after the first look and what follows from it,
nothing happens. Beside it runs a daemon with an empty set: memory is counted beyond that one's. Wake-ups are the
kernel's context switches of all threads, and of workers if there still are any; nothing is traced, which would disturb.
Asserts nothing: machines differ.

    idle.py RETAIND [FILES [SECONDS]] [--destination]      in full: 1000000 60"""

import os
import sys
import time

from common import LONG, Daemon, calm, children, places, say_machine
from plan import make_tree

SET = '[set s]\nSource=@from@\nSettle=0s\nKeepDaily=400\n'
COPY = '[copy s/a]\nTo=@to@\nVerify=written\n'


def fields(path):
    """The numbers of a file in /proc with names before them."""
    with open(path, encoding='ascii') as f:
        return {words[0].rstrip(':'): int(words[1]) for words in map(str.split, f) if words[1:] and words[1].isdigit()}


def activity(pid):
    """Wake-ups and nanoseconds of CPU so far, of its threads and of its workers."""
    wakeups = cpu = 0
    for process in (pid, *children(pid)):
        for task in os.listdir(f'/proc/{process}/task'):
            status = fields(f'/proc/{process}/task/{task}/status')
            wakeups += status['voluntary_ctxt_switches'] + status['nonvoluntary_ctxt_switches']
            with open(f'/proc/{process}/task/{task}/schedstat', encoding='ascii') as f:
                cpu += int(f.read().split()[0])
    return wakeups, cpu


def memory(pid):
    """Bytes: of its own now, resident now, and resident at its peak."""
    now, status = fields(f'/proc/{pid}/smaps_rollup'), fields(f'/proc/{pid}/status')
    return now['Pss_Anon'] * 1024, now['Rss'] * 1024, status['VmHWM'] * 1024


def measure(empty, full, n_files, seconds):
    before = [activity(daemon.process.pid) for daemon in (empty, full)]
    time.sleep(seconds)
    after = [activity(daemon.process.pid) for daemon in (empty, full)]
    for name, (wakeups, cpu), (wakeups_then, cpu_then) in zip(('empty set', f'{n_files} files'), before, after):
        print(f'  {name:16} {wakeups_then - wakeups} wake-ups, {(cpu_then - cpu) / 1e6:.3f} ms of CPU '
              f'in {seconds} s idle')
    empty_bytes, full_bytes = (memory(daemon.process.pid) for daemon in (empty, full))
    for what, base, size in zip(('anonymous', 'resident', 'peak resident'), empty_bytes, full_bytes):
        print(f'  {what:16} {size / 1e6:.1f} MB, {(size - base) / n_files:.1f} bytes a file beyond '
              f'the {base / 1e6:.1f} MB of the empty set')
    print(f'  told last: {full.status()}')


def main():
    words = [word for word in sys.argv[2:] if word != '--destination']
    n_files = int(words[0]) if words else 20_000
    seconds = int(words[1]) if len(words) > 1 else 10
    has_destination = '--destination' in sys.argv
    with places() as make:
        say_machine()
        p, nothing = make('full'), make('empty')
        make_tree(p.source, n_files)
        for place in (p, nothing):
            place.write(SET + COPY * has_destination)
        with Daemon(nothing) as empty, Daemon(p) as full:
            begun = time.monotonic()
            full.ready(LONG)
            looked = time.monotonic() - begun
            calm(empty, full)
            print(f'{n_files} files{", each with a copy" * has_destination}; first pass done after {looked:.1f} s, '
                  f'at rest after {time.monotonic() - begun:.1f} s')
            measure(empty, full, n_files, seconds)
            full.end()
            empty.end()


if __name__ == '__main__':
    main()
