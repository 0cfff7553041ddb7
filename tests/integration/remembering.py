#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is wrong with the catalog, and what verification finds."""

import os
import shutil
import sqlite3
import subprocess

from harness import backups, contains, equal, go, main


def fill(p):
    for day in (1, 2, 3):
        p.file(f'db-2026-10-{day:02}.sql', size=5000)
    p.write('[set s]\nSource=@from@\nKeepLast=3\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    go(p, status=0)
    p.conf.write_text(p.conf.read_text().replace('KeepLast=3', 'KeepLast=1'))


def untouched(p, cure):
    """Nothing is done, and what to do is said."""
    before = (backups(p.source), backups(p.to))
    result = go(p, status=1)
    contains(result.err, cure)
    equal((backups(p.source), backups(p.to)), before)


def change(p, sql):
    with sqlite3.connect(p.top / 'state/catalog.db') as db:
        db.executescript(sql)
    db.close()


def damaged(p):
    fill(p)
    path = p.top / 'state/catalog.db'
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b'\0' * 4096 + whole[8192:])
    untouched(p, 'damaged; move it away')
    path.write_bytes(b'this is no database at all' * 100)
    untouched(p, 'it is')
    path.unlink()
    go(p, status=0)
    equal(backups(p.source), ['db-2026-10-03.sql'])


def newer(p):
    fill(p)
    change(p, 'PRAGMA user_version = 999')
    untouched(p, 'newer retaind')


def of_another_program(p):
    fill(p)
    change(p, 'PRAGMA application_id = 77')
    untouched(p, 'another program')


def rows_that_cannot_be(p):
    fill(p)
    change(p, "PRAGMA ignore_check_constraints = ON; UPDATE backups SET path = cast('../../etc/passwd' AS BLOB)")
    untouched(p, 'damaged')


def a_full_disk(p):
    state = p.top / 'state'
    state.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', state], check=True)
    try:
        fill(p)
        with open(state / 'filler', 'wb', buffering=0) as f:
            try:
                while True:
                    f.write(b'x' * 4096)
            except OSError:
                pass
        result = go(p, status=1)
        contains(result.err, 'No space left on device')
        equal(len(backups(p.source)), 3)
        (state / 'filler').unlink()
        go(p, status=0)
        equal(len(backups(p.source)), 1)
    finally:
        subprocess.run(['umount', state], check=True)


def a_read_only_one(p):
    fill(p)
    state = p.top / 'state'
    subprocess.run(['mount', '--bind', state, state], check=True)
    subprocess.run(['mount', '-o', 'remount,bind,ro', state], check=True)
    try:
        untouched(p, 'Read-only file system')
        # A dry run needs no more than to read it.
        plan = p.plan()
        equal(plan['db-2026-10-01.sql']['verdict'], 'remove')
    finally:
        subprocess.run(['umount', state], check=True)


def a_dry_run_changes_nothing(p):
    fill(p)
    state = p.top / 'state'
    before = {name: (state / name).read_bytes() for name in os.listdir(state)}
    p.plan()
    equal({name: (state / name).read_bytes() for name in os.listdir(state)}, before)


def flip(path):
    """One bit, and nobody sees it by its times."""
    st = os.stat(path)
    with open(path, 'r+b') as f:
        f.seek(1234)
        byte = f.read(1)[0]
        f.seek(1234)
        f.write(bytes([byte ^ 4]))
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


def a_bit_flips_in_a_copy(p):
    fill(p)
    flip(p.to / 'db-2026-10-02.sql')
    p.conf.write_text(p.conf.read_text().replace('KeepLast=1', 'KeepLast=3'))
    contains(go(p, '--verify', status=1).err, 'db-2026-10-02.sql')
    # It was made again beside the damaged one, which is there to be looked at.
    equal([name for name in backups(p.to) if name.startswith('db-2026-10-02')],
          ['db-2026-10-02.sql', 'db-2026-10-02.sql.20261101T000000Z~'])
    equal((p.to / 'db-2026-10-02.sql.20261101T000000Z~').read_bytes(), (p.source / 'db-2026-10-02.sql').read_bytes())
    go(p, '--verify', status=0)


def a_bit_flips_in_the_only_copy(p):
    fill(p)
    go(p, status=0)
    equal(backups(p.source), ['db-2026-10-03.sql'])
    flip(p.to / 'db-2026-10-03.sql')
    p.conf.write_text(p.conf.read_text() + 'KeepLast=2\n')
    contains(go(p, '--verify', status=1).err, 'db-2026-10-03.sql')
    # What is damaged counts for nothing, now and later: the older ones are the newest good ones.
    go(p)
    contains(backups(p.to), 'db-2026-10-02.sql')
    equal((p.to / 'db-2026-10-03.sql.20261101T000000Z~').read_bytes(), (p.source / 'db-2026-10-03.sql').read_bytes())


def a_bit_flips_in_a_copy_that_has_no_backup(p):
    fill(p)
    go(p, status=0)
    flip(p.to / 'db-2026-10-02.sql')
    contains(go(p, '--verify', status=1).err, 'db-2026-10-02.sql')
    p.conf.write_text(p.conf.read_text() + 'KeepLast=2\nRemoveMax=100%\n')
    go(p)
    # nobody knows it any more: it is left alone, and the good older one stands in its place
    equal(backups(p.to), ['db-2026-10-01.sql', 'db-2026-10-02.sql', 'db-2026-10-03.sql'])


def a_bit_flips_in_the_source(p):
    fill(p)
    p.conf.write_text(p.conf.read_text().replace('KeepLast=1', 'KeepLast=3'))
    flip(p.source / 'db-2026-10-02.sql')
    second = p.top / 'second'
    second.mkdir()
    p.conf.write_text(p.conf.read_text() + f'[copy s/b]\nTo={second}\n')
    contains(go(p, status=1).err, 'db-2026-10-02.sql')
    equal(backups(second), ['db-2026-10-01.sql', 'db-2026-10-03.sql'])
    p.conf.write_text(p.conf.read_text().replace('KeepLast=3', 'KeepLast=1'))
    go(p, status=0)
    equal(backups(p.source), ['db-2026-10-02.sql', 'db-2026-10-03.sql'])
    contains(go(p, '--verify', status=1).err, 'db-2026-10-02.sql')
    shutil.copy2(p.to / 'db-2026-10-02.sql', p.source)  # by hand, from the copy


main(damaged, newer, of_another_program, rows_that_cannot_be, a_full_disk, a_read_only_one, a_dry_run_changes_nothing,
     a_bit_flips_in_a_copy, a_bit_flips_in_the_only_copy, a_bit_flips_in_a_copy_that_has_no_backup, a_bit_flips_in_the_source)
