#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A state directory that is full, torn, lost, old, or somebody else's: nothing is removed on the strength of it.

What a damaged, newer, foreign or read-only catalog answers is in remembering.py."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import time

import harness
from harness import backups, contains, equal, go, main

KEEP = '[set s]\nSource=@from@\nKeepLast=9\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n'


def fill(p, n=3):
    for day in range(1, n + 1):
        p.file(f'db-2026-10-{day:02}.sql', size=5000)


def due(p, n=1):
    """From now on all but the n newest are due."""
    p.conf.write_text(p.conf.read_text().replace('KeepLast=9', f'KeepLast={n}'))


def rows(p, sql):
    with contextlib.closing(sqlite3.connect(p.top / 'state/catalog.db')) as db:
        return db.execute(sql).fetchall()


@contextlib.contextmanager
def small_state(p, size):
    """The state directory is a disk of that size. Yields what makes it larger."""
    state = p.top / 'state'
    state.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size}', 'tmpfs', state], check=True)
    try:
        yield lambda: subprocess.run(['mount', '-o', 'remount,size=50M', state], check=True)
    finally:
        subprocess.run(['umount', state], check=True)


def no_room_from_the_start(p):
    fill(p)
    p.write(KEEP)
    due(p)
    with small_state(p, '8k') as grow:
        (p.top / 'state/filler').write_bytes(b'x' * 4096)
        contains(go(p, status=1).err, 'No space left on device')
        equal((len(backups(p.source)), os.listdir(p.to)), (3, []))
        grow()
        go(p)
        equal((len(backups(p.source)), len(backups(p.to))), (1, 3))


def no_room_in_the_middle(p):
    n = 1000
    for i in range(n):
        for day in (1, 2):
            p.file(f'd{i:04}-2026-10-0{day}.sql')
    p.write(KEEP)
    due(p)
    # Full before anything is copied, with the copies recorded in part, and with the removals meant in part.
    for size in ('400k', '800k', '1500k'):
        with small_state(p, size) as grow:
            contains(go(p, status=1).err, 'No space left on device')
            gone = {f'd{i:04}-2026-10-01.sql' for i in range(n)} - set(backups(p.source))
            assert gone <= set(backups(p.to)), gone - set(backups(p.to))
            grow()
            go(p)
            equal((len(backups(p.source)), len(backups(p.to))), (n, 2 * n))
            equal(rows(p, 'SELECT state, count(*) FROM intents GROUP BY state'), [(2, n)])
            equal(rows(p, 'SELECT count(*) FROM events'), [(n,)])
            equal(os.listdir(p.source / '.retaind-trash'), [])
        (p.top / 'state').rmdir()
        shutil.rmtree(p.to)
        p.to.mkdir()
        for i in range(n):
            p.file(f'd{i:04}-2026-10-01.sql')


def something_else_has_its_place(p):
    fill(p)
    p.write(KEEP)
    due(p)
    state = p.top / 'state'
    state.write_text('a file')
    contains(go(p, status=1).err, 'Not a directory')
    state.unlink()
    (state / 'catalog.db').mkdir(parents=True)
    contains(go(p, status=1).err, 'Is a directory')
    equal((len(backups(p.source)), backups(p.to)), (3, []))
    (state / 'catalog.db').rmdir()
    (state / 'catalog.db').write_bytes(b'')  # as a crash at its first creation leaves it
    go(p)
    equal((len(backups(p.source)), len(backups(p.to))), (1, 3))


def a_torn_log_costs_only_what_was_not_yet_in_it(p):
    state = p.top / 'state'
    fill(p)
    go(p.write(KEEP))
    with contextlib.closing(sqlite3.connect(state / 'catalog.db')) as reader:
        reader.execute('SELECT * FROM backups').fetchall()  # and nobody tidies up while it is open
        p.file('db-2026-10-04.sql')
        go(p)
        torn = {name: (state / name).read_bytes() for name in ('catalog.db', 'catalog.db-wal')}
    (state / 'catalog.db-shm').unlink(missing_ok=True)
    log = bytearray(torn['catalog.db-wal'])
    assert len(log) > 4096, len(log)
    log[len(log) // 2] ^= 255
    (state / 'catalog.db').write_bytes(torn['catalog.db'])
    (state / 'catalog.db-wal').write_bytes(log)
    due(p)
    go(p)
    equal((backups(p.source), len(backups(p.to))), (['db-2026-10-04.sql'], 4))
    equal(rows(p, 'SELECT count(*) FROM copies WHERE state = 3'), [(4,)])


def an_older_one_is_put_back(p):
    state = p.top / 'state'
    fill(p, 2)
    go(p.write(KEEP))
    shutil.copytree(state, p.top / 'saved')
    for day in (3, 4):
        p.file(f'db-2026-10-0{day}.sql', size=5000)
    due(p, 2)
    go(p)
    equal((len(backups(p.source)), len(backups(p.to))), (2, 4))
    shutil.rmtree(state)
    os.rename(p.top / 'saved', state)
    (p.to / 'db-2026-10-03.sql').write_bytes(b'z' * 5000)  # and what it does not know of is not what it was
    p.conf.write_text(p.conf.read_text().replace('KeepLast=2', 'KeepLast=1'))
    contains(go(p).err, 'an equal db-2026-10-04.sql was at a already')
    equal(backups(p.source), ['db-2026-10-04.sql'])
    equal((p.to / 'db-2026-10-03.sql').read_bytes(), b'z' * 5000)
    equal((p.to / 'db-2026-10-03.sql.20261101T000000Z~').read_bytes(), b'x' * 5000)


def lost_it_owns_no_copy_that_it_cannot_compare(p):
    fill(p, 4)
    rules = KEEP + 'KeepLast=4\nRemoveMax=100%\n'
    p.write(rules)
    p.conf.write_text(p.conf.read_text().replace('KeepLast=9', 'KeepLast=2'))
    go(p)
    equal((len(backups(p.source)), len(backups(p.to))), (2, 4))
    shutil.rmtree(p.top / 'state')
    p.conf.write_text(p.conf.read_text().replace('KeepLast=4', 'KeepLast=1'))
    contains(go(p).out, 'that retaind did not publish there')
    equal((len(backups(p.source)), len(backups(p.to))), (2, 4))
    go(p)
    equal(len(backups(p.to)), 4)


def a_set_of_another_name_compares_too(p):
    fill(p)
    go(p.write(KEEP))
    inodes = {name: os.stat(p.to / name).st_ino for name in backups(p.to)}
    (p.to / 'db-2026-10-01.sql').write_bytes(b'z' * 5000)
    p.write(KEEP.replace('[set s]', '[set t]').replace('[copy s/a]', '[copy t/b]'))
    due(p)
    contains(go(p).err, 'an equal db-2026-10-02.sql was at b already')
    equal(backups(p.source), ['db-2026-10-03.sql'])
    equal({name: os.stat(p.to / name).st_ino for name in inodes}, inodes)
    equal((p.to / 'db-2026-10-01.sql.20261101T000000Z~').read_bytes(), b'x' * 5000)


def two_processes(p):
    p.file('large', size=40_000_000)
    p.write('[daemon]\nBandwidthMax=20M\n' + KEEP)
    environment = {**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')}
    first = subprocess.Popen([harness.RETAIND, '--once', f'--config={p.conf}'], env=environment,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 30
        while not any(name != '.retaind-destination' for name in os.listdir(p.to)):
            assert time.monotonic() < until and first.poll() is None, 'no copy was begun'
            time.sleep(0.01)
        contains(go(p, status=1).err, f'process {first.pid} works with the state directory')
        # With a state of its own it still meets the first at the destination, in the hands of one of its workers.
        other = p.run('--once', f'--config={p.conf}', env={'STATE_DIRECTORY': str(p.top / 'other')})
        equal(other.status, 1)
        contains(other.err, 'destination a is locked by another process: process ')
        pid = other.err.split('locked by another process: process ')[1].split()[0]
        with open(f'/proc/{pid}/stat', encoding='ascii') as stat:
            equal(stat.read().rsplit(')', 1)[1].split()[1], str(first.pid))
        _, err = first.communicate(timeout=30)
        equal((first.returncode, err), (0, err))
    finally:
        if first.poll() is None:
            first.kill()
            first.wait()
    equal(backups(p.to), ['large'])


main(no_room_from_the_start, no_room_in_the_middle, something_else_has_its_place,
     a_torn_log_costs_only_what_was_not_yet_in_it, an_older_one_is_put_back,
     lost_it_owns_no_copy_that_it_cannot_compare, a_set_of_another_name_compares_too, two_processes)
