#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a reconcile of many files costs a backup that is published meanwhile, beside those published without one.

The set holds many backups, too old to be wanted at the destination, and a small directory in which a backup comes every
200 ms. Nothing is forced: the shortest ReconcileInterval= is waited for, so a reconcile takes a minute to come. One is
under way while a worker of the daemon has a directory open that only a reconcile reads (/proc/PID/fd). What is
published within a second of its end counts apart, because the daemon may still be deciding. Asserts nothing: machines
differ.

    reconcile.py RETAIND [FILES [RECONCILES]]      in full: 1000000 5"""

import contextlib
import os
import sys
import threading
import time

from common import IN_MOVED_TO, LONG, Daemon, Names, calm, children, milliseconds, places, say_machine
from plan import make_tree

SET = '[set s]\nSource=@from@\nSettle=0s\nReconcileInterval=1min\n[copy s/a]\nTo=@to@\nMaxAge=1d\n'
DIRECTORY = 'fresh'
EVERY = 0.2  # seconds
GAP = 0.3  # seconds between two looks of ours that may miss one and the same reconcile
AFTER = 1  # seconds


class Watcher(threading.Thread):
    """Notes when reconciles begin and end: pairs in spans."""

    def __init__(self, p, daemon):
        super().__init__(daemon=True)
        self.prefix = f'{p.source}/host'
        self.pid = daemon.process.pid
        self.spans = []
        self.is_over = threading.Event()

    def is_under_way(self):
        for child in children(self.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                for fd in os.listdir(f'/proc/{child}/fd'):
                    with contextlib.suppress(FileNotFoundError):
                        if os.readlink(f'/proc/{child}/fd/{fd}').startswith(self.prefix):
                            return True
        return False

    def run(self):
        while not self.is_over.wait(0.02):
            now = time.monotonic()
            if not self.is_under_way():
                continue
            if self.spans and now - self.spans[-1][1] < GAP:
                self.spans[-1][1] = now
            else:
                self.spans.append([now, now])

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()

    def n_over(self):
        return sum(time.monotonic() - end > AFTER for _, end in list(self.spans))


def publish(p, names, number):
    """When it was closed, and when its copy had its name."""
    name = f'db01-{time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())}-{number}.sql'
    with open(p.source / DIRECTORY / name, 'wb') as f:
        f.write(b'a small backup')
        f.flush()
        begun = time.monotonic()
    return begun, names.wait(name)


def measure(p, daemon, n_reconciles):
    """Publishes until so many reconciles have ended; returns what was published, and the watcher."""
    published = []
    sys.setswitchinterval(1e-4)  # seconds that the watcher may keep us waiting
    with Names(p.to / DIRECTORY, IN_MOVED_TO) as names, Watcher(p, daemon) as watcher:
        end = time.monotonic() + LONG
        while watcher.n_over() < n_reconciles and time.monotonic() < end:
            published.append(publish(p, names, len(published)))
            daemon.listen()  # a full socket would stop it
            time.sleep(max(0, published[-1][0] + EVERY - time.monotonic()))
    return published[1:], watcher.spans


def group(published, spans):
    """Seconds of what was published during a reconcile, soon after one, and without."""
    groups = {'during': [], 'soon after': [], 'without': []}
    for begun, ended in published:
        if any(begun <= last and ended >= first for first, last in spans):
            groups['during'].append(ended - begun)
        elif any(last < begun <= last + AFTER for _, last in spans):
            groups['soon after'].append(ended - begun)
        else:
            groups['without'].append(ended - begun)
    return groups


def main():
    n_files = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
    n_reconciles = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with places() as make:
        say_machine()
        p = make('set')
        make_tree(p.source, n_files)
        (p.source / DIRECTORY).mkdir()
        (p.source / DIRECTORY / 'db01.sql').write_bytes(b'to have the directory at the destination')
        p.write(SET)
        with Daemon(p) as daemon:
            daemon.ready(LONG)
            calm(daemon)
            published, spans = measure(p, daemon, n_reconciles)
            daemon.end()
        groups = group(published, spans)
        seconds = [last - first for first, last in spans]
        print(f'{n_files} other files; {len(spans)} reconciles, of {min(seconds):.2f} to {max(seconds):.2f} s, in '
              f'{published[-1][1] - published[0][0]:.0f} s')
        for what, times in groups.items():
            print(milliseconds(f'published {what}', times))
        if groups['during'] and groups['without']:
            during, without = ((sorted(groups[what])[len(groups[what]) // 2], max(groups[what]))
                               for what in ('during', 'without'))
            print(f'  a reconcile adds {(during[0] - without[0]) * 1000:.2f} ms to the median, '
                  f'{(during[1] - without[1]) * 1000:.2f} ms to the worst')


if __name__ == '__main__':
    main()
