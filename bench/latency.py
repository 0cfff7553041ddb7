#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From close(2) of a backup of 100 KiB to its whole copy's name at a destination, beside lsyncd and a bare fsync.

lsyncd with delay=0, twice: as its manual recommends it for local directories (default.direct, which runs cp: what is
partial is visible), and by rsync (no partial names, as ours); neither is durable or verified. In one run and by turns,
each with a source of its own that already holds so many backups; always fresh names; the first round warms up and is
dropped. A backup takes a moment to be written, as they do: lsyncd copies what is new at once, and again when it is
closed, and only the whole counts. Beside them a file of that size is written and fsynced, because a durable copy cannot
take less. Asserts nothing: machines differ.

    latency.py RETAIND [ROUNDS [BACKUPS...]]      in full: 200 0 1000 100000"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from common import (IN_CLOSE_WRITE, IN_MOVED_TO, LONG, Daemon, Names, calm, first_line, milliseconds, places, ratios,
                    say_machine)
from plan import make_tree

SIZE = 100 << 10
OURS, FSYNC = 'retaind', 'write and fsync'
THEIRS = {'lsyncd direct': 'direct', 'lsyncd rsync': 'rsync'}
DIRECTORY = 'host0000'  # where the new ones come, and up to a thousand are
WRITING = 0.05  # seconds that one takes to be written
PAUSE = 0.2  # seconds after each, in which all that is owed for it gets done
SETTINGS = '''settings {{ nodaemon = true, logfile = "{top}/lsyncd.log", statusFile = "{top}/lsyncd.status" }}
sync {{ default.{how}, source = "{top}/from", target = "{top}/to", delay = 0 }}
'''


class Lsyncd:
    """Runs until the end of the block; ready when it has copied what was there."""

    def __init__(self, p, how):
        self.settings = p.top / 'lsyncd.lua'
        self.log = p.top / 'lsyncd.log'
        self.settings.write_text(SETTINGS.format(top=p.top, how=how))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(['lsyncd', self.settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + LONG
        while not self.log.exists() or ' finished' not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < end, self.log
            time.sleep(0.1)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def make_place(make, name, n_backups):
    p = make(name)
    make_tree(p.source, n_backups)
    (p.source / DIRECTORY).mkdir(exist_ok=True)
    (p.source / DIRECTORY / 'router.cfg').write_bytes(b'to have the directory at the destination')
    return p


def n_files(top):
    return sum(not name.startswith('.') for *_, names in os.walk(top) for name in names)


def new_name(number):
    return f'db01-{time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(1_790_000_000 + number))}.sql.zst'


def publish(p, names, number, content):
    """Seconds from close(2) until the whole is there by its name."""
    name = new_name(number)
    with open(p.source / DIRECTORY / name, 'wb', buffering=0) as f:
        f.write(content[:SIZE // 2])
        time.sleep(WRITING)
        f.write(content[SIZE // 2:])
        begun = time.monotonic()
    return names.wait(name, is_it=lambda path: Path(path).read_bytes() == content) - begun


def write_durably(p, number, content):
    begun = time.monotonic()
    with open(p.top / new_name(number), 'wb', buffering=0) as f:
        f.write(content)
        os.fsync(f.fileno())
    return time.monotonic() - begun


def measure(peers, rounds, daemon):
    """By peer, seconds; peers are places by name, ours first."""
    times = {name: [] for name in (*peers, FSYNC)}
    with contextlib.ExitStack() as stack:
        names = {name: stack.enter_context(Names(p.to / DIRECTORY, IN_CLOSE_WRITE | IN_MOVED_TO))
                 for name, p in peers.items()}
        for number in range(rounds + 1):
            content = os.urandom(SIZE)
            for name, p in peers.items():
                times[name].append(publish(p, names[name], number, content))
                time.sleep(PAUSE)
            times[FSYNC].append(write_durably(p, number, content))
            time.sleep(PAUSE)
            daemon.listen()  # a full socket would stop it
    return {name: seconds[1:] for name, seconds in times.items()}


def compare(make, n_backups, rounds):
    peers = {name: make_place(make, f'{name.replace(" ", "-")}-{n_backups}', n_backups) for name in (OURS, *THEIRS)}
    peers[OURS].write('[set s]\nSource=@from@\nSettle=0s\n[copy s/a]\nTo=@to@\n')
    with Daemon(peers[OURS]) as daemon, contextlib.ExitStack() as stack:
        daemon.ready(LONG)
        for name, how in THEIRS.items():
            stack.enter_context(Lsyncd(peers[name], how))
        calm(daemon)
        for p in peers.values():
            assert n_files(p.to) == n_files(p.source), f'{p.to}: not all was copied'
        times = measure(peers, rounds, daemon)
        daemon.end()
    print(f'{n_backups} backups are there already; {rounds} rounds by turns after one to warm up')
    for name, seconds in times.items():
        print(milliseconds(name, seconds))
    for name in (*THEIRS, FSYNC):
        print(ratios(f'{OURS} / {name}', times[OURS], times[name]), flush=True)


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    if not shutil.which('lsyncd'):
        sys.exit('lsyncd is missing: tools/packages bench')
    with places() as make:
        say_machine(f'lsyncd {first_line("lsyncd", "-version").split()[-1]}', first_line('cp', '--version'),
                    first_line('rsync', '--version'))
        for n_backups in [int(n) for n in sys.argv[3:]] or [0, 1000]:
            compare(make, n_backups, rounds)


if __name__ == '__main__':
    main()
