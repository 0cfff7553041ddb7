#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Verification finds what times do not tell, before anything is removed on the strength of it.

One flipped bit in a copy, and one in the source before a second destination, are in remembering.py."""

import os
import sqlite3
import subprocess
import time

import harness
from harness import backups, contains, equal, go, main

KEEP = '[set s]\nSource=@from@\nKeepLast=9\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n'
SIZE = 5000


def good(directory):
    return [name for name in backups(directory) if (directory / name).read_bytes() == b'x' * SIZE]


def fill(p, n=3):
    for day in range(1, n + 1):
        p.file(f'db-2026-10-{day:02}.sql', size=SIZE)
    return go(p.write(KEEP))


def due(p):
    """From now on all but the newest are due."""
    p.conf.write_text(p.conf.read_text().replace('KeepLast=9', 'KeepLast=1'))


def in_secret(path, do):
    """Changes the file, and nobody sees it by its times."""
    st = os.stat(path)
    with open(path, 'r+b') as f:
        do(f)
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


def flip(f, at=1234):
    f.seek(at)
    byte = f.read(1)[0]
    f.seek(at)
    f.write(bytes([byte ^ 4]))


def it_comes_before_removals(p):
    fill(p)
    in_secret(p.to / 'db-2026-10-01.sql', flip)
    due(p)
    result = go(p, '--verify', status=1)
    contains(result.err, 'the copy of db-2026-10-01.sql at a was read again and differs')
    lines = result.err.splitlines()
    healed = next(i for i, line in enumerate(lines) if ' copied db-2026-10-01.sql ' in line)
    removed = next(i for i, line in enumerate(lines) if ' removed db-2026-10-01.sql ' in line)
    assert healed < removed, result
    equal(backups(p.source), ['db-2026-10-03.sql'])
    equal(good(p.to), ['db-2026-10-01.sql.20261101T000000Z~', 'db-2026-10-02.sql', 'db-2026-10-03.sql'])


def what_cannot_be_healed_is_not_removed(p):
    fill(p)
    in_secret(p.to / 'db-2026-10-01.sql', flip)
    in_secret(p.source / 'db-2026-10-01.sql', flip)  # so that neither is what was copied
    due(p)
    go(p, '--verify', status=1)
    equal(backups(p.source), ['db-2026-10-01.sql', 'db-2026-10-03.sql'])
    contains(go(p).out, 'held as suspect: 1')
    equal(backups(p.to), ['db-2026-10-01.sql', 'db-2026-10-02.sql', 'db-2026-10-03.sql'])


def every_place_in_a_file_counts(p):
    size = 3_000_000
    places = (0, 1, 4095, 4096, size // 2, size - 1)
    for i in range(len(places) + 1):
        p.file(f'db{i}-2026-10-01.sql', size=size)
    go(p.write(KEEP))
    for i, at in enumerate(places):
        in_secret(p.to / f'db{i}-2026-10-01.sql', lambda f, at=at: flip(f, at))
    result = go(p, '--verify', status=1)
    equal(result.err.count('was read again and differs'), len(places))
    equal(result.err.count('was read again and is equal'), 1)
    go(p, '--verify')


def a_hole_in_the_place_of_data(p):
    fill(p, 1)
    path = p.to / 'db-2026-10-01.sql'
    in_secret(path, lambda f: (f.truncate(0), f.truncate(SIZE)))
    contains(go(p, '--verify', status=1).err, 'was read again and differs')
    equal(good(p.to), ['db-2026-10-01.sql.20261101T000000Z~'])


def a_companion_counts(p):
    p.file('db-2026-10-01.sql.sha256', size=SIZE)
    fill(p, 2)
    in_secret(p.to / 'db-2026-10-01.sql.sha256', flip)
    due(p)
    contains(go(p, '--verify', status=1).err, 'the copy of db-2026-10-01.sql.sha256 at a was read again and differs')
    equal(backups(p.source), ['db-2026-10-02.sql'])
    assert 'db-2026-10-01.sql.sha256.20261101T000000Z~' in good(p.to)


def a_shorter_copy_is_found_without_it(p):
    fill(p)
    in_secret(p.to / 'db-2026-10-01.sql', lambda f: f.truncate(100))
    due(p)
    contains(go(p).err, 'db-2026-10-01.sql.20261101T000000Z~')
    equal(backups(p.source), ['db-2026-10-03.sql'])
    equal(len(good(p.to)), 3)


def a_damaged_source_does_not_heal_a_lost_copy(p):
    fill(p)
    in_secret(p.source / 'db-2026-10-01.sql', flip)
    os.unlink(p.to / 'db-2026-10-01.sql')
    go(p, '--verify', status=1)
    equal(good(p.to), backups(p.to))
    assert 'db-2026-10-01.sql' not in backups(p.to)
    due(p)
    go(p)
    equal(backups(p.source), ['db-2026-10-01.sql', 'db-2026-10-03.sql'])


def without_it_a_damaged_source_does_not_heal_either(p):
    fill(p)
    in_secret(p.source / 'db-2026-10-01.sql', flip)
    os.unlink(p.to / 'db-2026-10-01.sql')
    go(p, status=1)
    equal(good(p.to), backups(p.to))
    due(p)
    p.run('--once', f'--config={p.conf}')
    assert 'db-2026-10-01.sql' in backups(p.source)


def an_outage_is_no_damage(p):
    size = 2_000_000
    for day in range(1, 7):
        p.file(f'db-2026-10-{day:02}.sql', size=size)
    backing = p.top / 'backing'
    backing.mkdir()

    def mount(*options):
        process = subprocess.Popen(['bindfs', '-f', *options, backing, p.to], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while not os.path.ismount(p.to):
            assert time.monotonic() < until and process.poll() is None, 'bindfs does not come up'
            time.sleep(0.02)
        return process

    def states():
        db = sqlite3.connect(p.top / 'state/catalog.db')
        rows = db.execute('SELECT state, count(*) FROM copies GROUP BY state').fetchall()
        db.close()
        return rows

    disk = mount()
    try:
        go(p.write(KEEP))
        p.conf.write_text(p.conf.read_text().replace('KeepLast=9', 'KeepLast=2'))
        go(p)  # four of the copies are the only ones now
        subprocess.run(['umount', p.to], check=True)
        disk.wait()
        disk = mount('--read-rate=2M')
        process = subprocess.Popen([harness.RETAIND, '--once', '--verify', f'--config={p.conf}'],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env={**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')})
        for line in process.stderr:
            if b'was read again and is equal' in line:
                break
        disk.kill()
        err = process.stderr.read().decode()
        equal(process.wait(60), 1)
        contains(err, 'Transport endpoint is not connected')
        assert 'differs' not in err, err
        subprocess.run(['umount', '-l', p.to], check=True)
        disk.wait()
        disk = mount()
        equal(go(p, '--verify').err.count('was read again and is equal'), 6)
        equal(states(), [(3, 6)])
    finally:
        subprocess.run(['umount', '-l', p.to], check=True)
        disk.wait()


main(it_comes_before_removals, what_cannot_be_healed_is_not_removed, every_place_in_a_file_counts,
     a_hole_in_the_place_of_data, a_companion_counts, a_shorter_copy_is_found_without_it,
     a_damaged_source_does_not_heal_a_lost_copy, without_it_a_damaged_source_does_not_heal_either,
     an_outage_is_no_damage)
