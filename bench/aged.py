#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How late a backup goes that comes of age while the daemon sleeps.

Backups come of age one after the other, each a while after what happened last, in a set with so many others that do
not. Late is from KeepFor= after its modification time to its name's disappearance. Asserts nothing: machines differ.

    aged.py RETAIND [ROUNDS [FILES]]      in full: 60 1000000"""

import os
import sys
import time

from common import IN_DELETE, IN_MOVED_FROM, LONG, Daemon, Names, calm, milliseconds, places, say_machine
from plan import make_tree

SET = '[set s]\nSource=@from@\nSettle=0s\nAgeFrom=modified\nKeepFor=2h\nMinKeep=0\nRemoveMax=100%\n'
KEEP_FOR = 2 * 3600
STEP = 0.73  # seconds, not in step with the clock's
DIRECTORY = 'aging'


def measure(p, daemon, rounds, lead):
    """Seconds of each; the first is due after lead seconds."""
    late, due = [], []
    with Names(p.source / DIRECTORY, IN_MOVED_FROM | IN_DELETE) as names:
        first = time.time() + lead
        for number in range(rounds):
            path = p.source / DIRECTORY / f'{number}.sql'
            path.write_bytes(b'soon to go')
            due.append(first + number * STEP)
            os.utime(path, (due[-1] - KEEP_FOR,) * 2)
        for number in range(rounds):
            late.append(names.wait(f'{number}.sql', clock=time.time) - due[number])
            daemon.listen()  # a full socket would stop it
    return late


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    n_files = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    with places() as make:
        say_machine()
        p = make('set')
        make_tree(p.source, n_files)
        (p.source / DIRECTORY).mkdir()
        p.write(SET)
        with Daemon(p) as daemon:
            begun = time.monotonic()
            daemon.ready(LONG)
            looked = time.monotonic() - begun
            calm(daemon)
            late = measure(p, daemon, rounds, 5 + 3 * looked)
            daemon.end()
        print(f'{n_files} other backups; {rounds} come of age, one every {STEP} s')
        print(milliseconds('gone after its time', late))
        print(f'  earliest {min(late) * 1000:.2f} ms; {sum(seconds > 1 for seconds in late)} later than a second')


if __name__ == '__main__':
    main()
