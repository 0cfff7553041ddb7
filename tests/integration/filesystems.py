#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real file systems under a source: mounts inside it, bind mounts, one that nobody may read, one without birth times.

Needs root and a kernel that lets it mount; where it may not, it fails and says so, for then nothing was tested."""

import fcntl
import os
import subprocess

from harness import backups, contains, equal, go, main


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class Mounted:
    def __init__(self, path, *arguments):
        self.path = path
        run('mount', *arguments, str(path))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run('umount', str(self.path))


def another_file_system_stays_out_unless_told(p):
    inner = p.source / 'inner'
    inner.mkdir()
    p.file('outer.sql')
    with Mounted(inner, '-t', 'tmpfs', 'tmpfs'):
        p.file('inner/inside.sql')
        p.write('[set s]\nSource=@from@\n')
        result = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
        equal(result.status, 0)
        equal([item['file'] for item in result.json()], ['outer.sql'])
        contains(result.err, 'skipped inner: on another file system')
        p.write('[set s]\nSource=@from@\nOneFileSystem=no\n')
        equal(sorted(p.plan()), ['inner/inside.sql', 'outer.sql'])


def a_source_bound_to_its_destination_is_noticed(p):
    p.file('a.sql')
    with Mounted(p.to, '--bind', str(p.source)):
        p.write('[set s]\nSource=@from@\n[copy s/nas]\nTo=@to@\n')
        result = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
        equal(result.status, 1)
        contains(result.err, 'the source itself')


def the_same_disk_is_pointed_out_and_another_is_not(p):
    p.file('a.sql')
    p.write('[set s]\nSource=@from@\n[copy s/nas]\nTo=@to@\n')
    contains(p.run('--once', '--dry-run', f'--config={p.conf}').err, "source's own file system")
    with Mounted(p.to, '-t', 'tmpfs', 'tmpfs'):
        result = p.run('--once', '--dry-run', f'--config={p.conf}')
        equal((result.status, result.err), (0, ''))


def an_unreadable_directory_holds_the_set(p):
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    p.file('closed/db-2026-10-01.sql')
    os.chmod(p.source / 'closed', 0)
    for path in (p.top, p.source):
        os.chmod(path, 0o755)
    p.write('[set s]\nSource=@from@\nKeepLast=1\n')
    os.chmod(p.conf, 0o644)
    # As somebody whom permissions bind.
    import harness
    result = harness.Result(subprocess.run(
        ['setpriv', '--reuid=65534', '--clear-groups', harness.RETAIND, '--once', '--dry-run', '--json',
         f'--config={p.conf}'], capture_output=True, check=False))
    equal(result.status, 1)
    contains(result.err, 'closed')
    contains(result.err, 'nothing of this set may be removed')
    plan = {item['file']: item for item in result.json()}
    equal(plan['db-2026-10-01.sql']['holds'], ['source'])
    equal(plan['db-2026-10-03.sql']['verdict'], 'keep')


def without_birth_times_nothing_is_guessed(p):
    image = p.top / 'image'
    with open(image, 'wb') as f:
        f.truncate(8 << 20)
    run('mkfs.ext2', '-q', '-I', '128', str(image))
    with Mounted(p.source, '-o', 'loop', str(image)):
        os.rmdir(p.source / 'lost+found')
        p.file('db-2026-10-01.sql')
        p.write('[set s]\nSource=@from@\nAgeFrom=birth\nKeepFor=1d\nMinKeep=0\nListing=@top@/from.log\n')
        item = p.plan()['db-2026-10-01.sql']
        equal((item['time'], item['verdict'], item['reasons']), (None, 'keep', ['no-time']))
        equal(p.run('--once', f'--config={p.conf}').status, 0)
        contains((p.top / 'from.log').read_text(), 'Created: -, ')

def a_mount_of_the_source_is_no_destination(p):
    p.file('db/a-2026-10-01.sql')
    (p.to / 'db').mkdir()
    p.write('[set s]\nSource=@from@\nKeepLast=1\nMinKeep=0\n[copy s/a]\nTo=@to@\n')
    p.file('db/a-2026-10-02.sql')
    with Mounted(p.to / 'db', '--bind', str(p.source / 'db')):
        contains(go(p, status=1).err, "the source's own file")
    equal(len(backups(p.source / 'db')), 2)
    below = p.source / 'below'
    below.mkdir()
    p.write(p.conf.read_text().replace('set s', 'set t').replace('copy s', 'copy t'))
    with Mounted(p.to, '--bind', str(below)):
        contains(go(p, status=1).err, 'are one, by a mount')
        equal(backups(below), [])


def who_holds_the_state_is_said_on_an_overlay_too(p):
    """There, and on Btrfs, stat() says another device than the kernel's list of locks."""
    for name in ('low', 'up', 'state'):
        (p.top / name).mkdir()
    p.write('[set s]\nSource=@from@\n')
    with Mounted(p.top / 'up', '-t', 'tmpfs', 'tmpfs'):
        for name in ('upper', 'work'):
            (p.top / 'up' / name).mkdir()
        with Mounted(p.top / 'state', '-t', 'overlay', '-o',
                     f'lowerdir={p.top}/low,upperdir={p.top}/up/upper,workdir={p.top}/up/work', 'overlay'):
            with open(p.top / 'state/lock', 'wb') as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                result = p.run('--once', f'--config={p.conf}')
                equal(result.status, 1)
                contains(result.err, f'process {os.getpid()} works with the state directory')


main(a_mount_of_the_source_is_no_destination, another_file_system_stays_out_unless_told,
     a_source_bound_to_its_destination_is_noticed, the_same_disk_is_pointed_out_and_another_is_not,
     an_unreadable_directory_holds_the_set, without_birth_times_nothing_is_guessed,
     who_holds_the_state_is_said_on_an_overlay_too)
