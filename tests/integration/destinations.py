#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Disks that are away, full, read-only, exchanged, locked, or silent: the source keeps its files, the other destination
is complete, and the message names the cause."""

import fcntl
import os
import signal
import subprocess
import time

import harness
from harness import backups, contains, equal, go, main


def call(*command):
    subprocess.run(command, check=True, capture_output=True)


class Disk:
    """An ext4 image that can be mounted at To=."""

    def __init__(self, p, name='image', size='32M'):
        self.p, self.path, self.is_mounted = p, p.top / name, False
        call('truncate', '-s', size, self.path)
        call('mkfs.ext4', '-q', '-F', '-m', '0', self.path)

    def mount(self, options='loop'):
        call('mount', '-o', options, self.path, self.p.to)
        self.is_mounted = True
        return self

    def close(self):
        if self.is_mounted:
            call('umount', self.p.to)
        self.is_mounted = False

    def __enter__(self):
        return self.mount()

    def __exit__(self, *_):
        self.close()


def fill(p, n=3, size=1000):
    for day in range(1, n + 1):
        p.file(f'db-2026-10-{day:02}.sql', size=size)
    other = p.top / 'other'
    other.mkdir()
    p.write(f'[set s]\nSource=@from@\nKeepLast={n}\nRemoveMax=100%\n[copy s/disk]\nTo=@to@\n[copy s/other]\nTo={other}\n')
    return other


def due(p):
    """From now on all but the newest are due."""
    p.conf.write_text(p.conf.read_text().replace('KeepLast=3', 'KeepLast=1'))


def an_unmounted_disk_is_no_empty_one(p):
    other = fill(p)
    disk = Disk(p)
    with disk:
        go(p, status=0)
        equal(len(backups(p.to)), 3)
    p.file('db-2026-10-04.sql')
    due(p)
    result = go(p, status=1)
    contains(result.err, 'is the disk mounted?')
    equal(os.listdir(p.to), [])
    equal(len(backups(other)), 4)
    equal(len(backups(p.source)), 4)
    with disk:
        go(p, status=0)
        equal(len(backups(p.to)), 4)
    equal(backups(p.source), ['db-2026-10-04.sql'])


def a_full_disk_is_named(p):
    other = fill(p, size=20_000_000)
    with Disk(p):
        result = go(p, status=1)
        contains(result.err, 'No space left on device')
        equal(len(backups(p.to)), 1)
        equal([name for name in os.listdir(p.to) if name.startswith('.retaind-') and name != '.retaind-destination'], [])
        due(p)
        go(p, status=1)
        equal(len(backups(other)), 3)
        # What has both its copies may go, the others stay.
        equal(len(backups(p.source)), 3 - len(set(backups(p.to)) - {'db-2026-10-03.sql'}))


def a_disk_fills_up_in_the_middle(p):
    other = fill(p, 1)
    for i in range(3000):
        p.file(f'db{i:04}-2026-10-01.sql', size=16384)
    with Disk(p):
        err = go(p, status=1).err
        contains(err, 'No space left on device')
        contains(err, 'no more are tried in this pass')
        assert err.count('\n') < 10000 and 'Bad message' not in err, err[-2000:]
        n = len(backups(p.to))
        assert 500 < n < 3000, n
        equal({os.stat(p.to / name).st_size for name in backups(p.to)} - {1000}, {16384})
    equal(len(backups(other)), 3001)


def a_read_only_disk_is_named(p):
    other = fill(p)
    disk = Disk(p)
    with disk:
        go(p, status=0)
    disk.mount('loop,ro')
    try:
        p.file('db-2026-10-04.sql')
        due(p)
        contains(go(p, status=1).err, 'Read-only file system')
        equal(len(backups(other)), 4)
        equal(len(backups(p.source)), 4)
    finally:
        disk.close()


def another_disk_is_not_it(p):
    other = fill(p)
    with Disk(p):
        go(p, status=0)
    with Disk(p, 'second'):
        due(p)
        contains(go(p, status=1).err, 'is the disk mounted?')
        (p.to / '.retaind-destination').write_text(f'#\nid={"0" * 32}\n')
        contains(go(p, status=1).err, 'of another destination')
        equal(backups(p.to), [])
    equal(len(backups(p.source)), 3)
    equal(len(backups(other)), 3)


def a_silent_disk_is_given_up(p):
    other = fill(p, 1)
    p.file('large.img', size=300_000_000)
    backing = p.top / 'backing'
    backing.mkdir()
    fuse = subprocess.Popen(['bindfs', '-f', backing, p.to], stderr=subprocess.DEVNULL)
    try:
        while not os.path.ismount(p.to):
            time.sleep(0.02)
        process = subprocess.Popen([harness.RETAIND, '--once', '--patience=2s', f'--config={p.conf}'],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')})
        until = time.monotonic() + 30
        while not any(name.startswith('.retaind-') and name != '.retaind-destination' for name in os.listdir(backing)):
            assert time.monotonic() < until and process.poll() is None, 'no copy was begun'
            time.sleep(0.001)
        fuse.send_signal(signal.SIGSTOP)
        _, err = process.communicate(timeout=60)
        equal(process.returncode, 1)
        contains(err.decode(), 'did not answer')
        equal(backups(other), ['db-2026-10-01.sql', 'large.img'])
        equal(len(backups(p.source)), 2)
    finally:
        fuse.send_signal(signal.SIGCONT)
        subprocess.run(['umount', '-l', p.to], check=True)
        fuse.wait()
    # And when it answers again, all is completed.
    fuse = subprocess.Popen(['bindfs', '-f', backing, p.to], stderr=subprocess.DEVNULL)
    try:
        while not os.path.ismount(p.to):
            time.sleep(0.02)
        go(p, status=0)
        equal(backups(backing), ['db-2026-10-01.sql', 'large.img'])
    finally:
        call('umount', p.to)
        fuse.wait()


def a_disk_that_fails_while_it_is_read_is_not_damaged(p):
    other = fill(p)
    backing = p.top / 'backing'
    backing.mkdir()
    fuse = subprocess.Popen(['bindfs', '-f', '--read-rate=200k', backing, p.to], stderr=subprocess.DEVNULL)
    try:
        while not os.path.ismount(p.to):
            time.sleep(0.02)
        for day in range(4, 8):
            p.file(f'db-2026-10-{day:02}.sql', size=100_000)
        p.conf.write_text(p.conf.read_text().replace('KeepLast=3', 'KeepLast=7'))
        go(p, status=0)
        p.conf.write_text(p.conf.read_text().replace('KeepLast=7', 'KeepLast=2'))
        process = subprocess.Popen([harness.RETAIND, '--once', '--verify', f'--config={p.conf}'],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')})
        time.sleep(0.7)
        fuse.kill()
        _, err = process.communicate(timeout=60)
        equal((process.returncode, err.count(b'differs')), (1, 0))
        equal(len(backups(p.source)), 7)
    finally:
        subprocess.run(['umount', '-l', p.to], check=True)
        fuse.wait()
    call('bindfs', backing, p.to)
    try:
        contains(go(p, '--verify', status=0).out, 'verified 7 files (')
        equal((len(backups(p.source)), len(backups(backing)), len(backups(other))), (2, 7, 7))
    finally:
        call('umount', p.to)


def a_slow_disk_is_waited_for(p):
    other = fill(p, 1)
    p.file('large.img', size=12_000_000)
    backing = p.top / 'backing'
    backing.mkdir()
    call('bindfs', '--write-rate=3M', backing, p.to)
    try:
        go(p, '--patience=2s', status=0)
        equal(backups(backing), ['db-2026-10-01.sql', 'large.img'])
        equal(backups(other), ['db-2026-10-01.sql', 'large.img'])
    finally:
        call('umount', p.to)


def blocks_are_shared_where_they_can_be(p):
    image, disk = p.top / 'image', p.top / 'disk'
    disk.mkdir()
    call('truncate', '-s', '400M', image)
    call('mkfs.xfs', '-q', '-f', image)
    call('mount', '-o', 'loop', image, disk)
    try:
        (disk / 'from').mkdir()
        (disk / 'to').mkdir()
        p.file(disk / 'from/large-2026-10-01.img', size=80_000_000)
        os.sync()
        before = os.statvfs(disk).f_bfree * os.statvfs(disk).f_frsize
        p.write('[set s]\nSource=@top@/disk/from\n[copy s/a]\nTo=@top@/disk/to\n')
        go(p, status=0)
        os.sync()
        assert before - os.statvfs(disk).f_bfree * os.statvfs(disk).f_frsize < 10_000_000, 'it was written twice'
        equal((disk / 'to/large-2026-10-01.img').read_bytes() == b'x' * 80_000_000, True)
    finally:
        call('umount', disk)


def a_disk_that_knows_no_owners(p):
    p.file('a-2026-10-01.sql')
    os.chown(p.source / 'a-2026-10-01.sql', 1000, 1000)
    backing = p.top / 'backing'
    backing.mkdir()
    call('bindfs', '--chown-deny', '--xattr-none', backing, p.to)
    try:
        p.write('[set s]\nSource=@from@\n[copy s/share]\nTo=@to@\n')
        contains(go(p, status=1).err, 'Operation not permitted')
        equal(backups(p.to), [])
        p.write('[set s]\nSource=@from@\n[copy s/share]\nTo=@to@\nMetadata=best-effort\n')
        contains(go(p, status=0).err, 'owner')
        equal(backups(p.to), ['a-2026-10-01.sql'])
        assert ' copied a-' not in go(p, status=0).err
    finally:
        call('umount', p.to)


def the_second_process_says_who_was_first(p):
    fill(p)
    go(p, status=0)
    with open(p.top / 'state/lock', 'r+b') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        contains(go(p, status=1).err, f'process {os.getpid()} works with the state directory')
    with open(p.to / '.retaind-destination', 'r+b') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        contains(go(p, status=1).err, f'process {os.getpid()}')
    go(p, status=0)


main(an_unmounted_disk_is_no_empty_one, a_full_disk_is_named, a_disk_fills_up_in_the_middle, a_read_only_disk_is_named,
     another_disk_is_not_it, a_silent_disk_is_given_up, a_disk_that_fails_while_it_is_read_is_not_damaged, a_slow_disk_is_waited_for, blocks_are_shared_where_they_can_be,
     a_disk_that_knows_no_owners, the_second_process_says_who_was_first)
