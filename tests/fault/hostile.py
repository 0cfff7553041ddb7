#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The owner of the source swaps files, directories and links while passes run: nothing outside is read, written or
removed. For 20 seconds, or 10,000 passes with RETAIND_TEST_ROUNDS."""

import os
import random
import shutil
import threading
import time
from pathlib import Path

import acting

SECRET = b'SECRET' * 100
OLD = time.time() - 9 * acting.DAY


class Owner(threading.Thread):
    """Never writes through a link itself, so that what lies outside is changed by nobody but the program."""

    def __init__(self, source, outside):
        super().__init__(daemon=True)
        self.source, self.outside, self.stop, self.n = source, outside, False, 0
        self.random = random.Random(20261121)

    def run(self):
        while not self.stop:
            self.n += 1
            try:
                self.move()
            except OSError:
                pass  # the program was there first

    def move(self):
        directory = self.source / 'd'
        name = directory / f'db{self.random.randrange(5)}-2026-10-01.gz'
        what = self.random.choice(('file', 'link', 'swap', 'unswap', 'fifo', 'away', 'tidy'))
        if directory.is_symlink() and what not in ('swap', 'tidy'):
            what = 'unswap'
        if what != 'unswap':
            directory.mkdir(exist_ok=True)
        new = Path(f'{name}.new')
        if what == 'file':
            new.write_bytes(os.urandom(50))
            os.utime(new, (OLD, OLD))
            new.rename(name)
        elif what == 'link':
            new.symlink_to(self.outside / 'secret')
            new.rename(name)
        elif what == 'fifo':
            os.mkfifo(new)
            new.rename(name)
        elif what == 'swap':
            directory.rename(self.source / f'e{self.n}')
            directory.symlink_to(self.outside / 'd')
        elif what == 'unswap':
            directory.unlink()
        elif what == 'away':
            name.rename(self.source / name.name.replace('db', 'x'))
        elif what == 'tidy' and self.n % 50 == 0:
            for path in self.source.glob('e*'):
                shutil.rmtree(path, ignore_errors=True)


def an_owner_that_swaps_everything(p):
    outside = p.top / 'outside'
    for name in ('secret', *(f'd/db{i}-2026-10-01.gz' for i in range(5))):
        path = Path(os.fsdecode(p.file(outside / name)))
        path.write_bytes(SECRET + name.encode())
        os.utime(path, (OLD, OLD))
    world = acting.World(p)
    p.write('[set s]\nSource=@from@\nKeepFor=5d\nMinKeep=0\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    owner = Owner(p.source, outside)
    owner.start()
    n, until = 0, time.monotonic() + 20
    try:
        while n < 10000 if acting.LONG else time.monotonic() < until:
            result = world.run()
            assert result.returncode in (0, 1), result
            n += 1
    finally:
        owner.stop = True
        owner.join()
    for directory, _, names in os.walk(outside):
        for name in names:
            path = Path(directory, name)
            assert path.read_bytes() == SECRET + str(path.relative_to(outside)).encode(), path
    acting.harness.equal(sum(len(names) for _, _, names in os.walk(outside)), 6)
    n_copies = 0
    for directory, _, names in os.walk(p.to):
        for name in names:
            assert SECRET not in Path(directory, name).read_bytes(), name
            n_copies += 1
    assert n_copies > 10, 'the owner left nothing to copy'
    print(f'# {n} passes, {owner.n} moves, {n_copies} copies')


acting.harness.main(an_owner_that_swaps_everything)
