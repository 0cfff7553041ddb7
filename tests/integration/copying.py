#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Copies: equal to their source in everything, under its name or beside what has it, and recorded."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import harness
from harness import backups, contains, epoch, equal, go, main


def call(*command):
    return subprocess.run(command, check=True, capture_output=True).stdout.decode(errors='surrogateescape')


def differing(p):
    """What rsync would change in a file; directories' times are not ours to keep."""
    lines = call('rsync', '-naAXS', '--no-links', '--no-D', '--checksum', '--itemize-changes', f'{p.source}/', f'{p.to}/')
    return [line for line in lines.splitlines() if line[1:2] == 'f']


def everything_a_file_is(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    for name in (b'plain', b"quote'\"", b'new\nline', b'bad\xff\xfeutf', b'x' * 255, 'ação.sql'.encode(), b'-rf',
                 b'deep/a/b/c/file', b'sealed', b'suid'):
        p.file(name, size=3000)
    p.file('empty', size=0)
    p.file('large', size=9_000_000)
    sparse = p.file('sparse', size=1)
    with open(sparse, 'r+b') as f:
        f.truncate(5_000_000)
        f.seek(3_000_000)
        f.write(b'in the middle')
    os.link(p.source / 'plain', p.source / 'hard')
    os.setxattr(p.source / 'plain', 'user.note', bytes(range(256)))
    os.setxattr(p.source / 'deep/a/b/c/file', 'trusted.note', b'')
    call('setfacl', '-m', 'u:1234:rw,g:77:r', p.source / 'plain')
    call('setfacl', '-d', '-m', 'u:1235:rwx', p.to)  # which a copy must not keep
    os.chown(p.source / 'suid', 33, 34)
    os.chmod(p.source / 'suid', 0o4755)
    os.chown(p.source / 'deep', 1000, 1001)
    os.chmod(p.source / 'deep', 0o711)
    os.chmod(p.source / 'sealed', 0)
    for directory, _, names in os.walk(os.fsencode(p.source)):
        for name in names:
            os.utime(os.path.join(directory, name), ns=(10**18 + 123456789, 10**18 + 987654321))
    go(p)
    equal(differing(p), [])
    equal(os.stat(p.to / 'sparse').st_blocks, os.stat(p.source / 'sparse').st_blocks)
    equal((os.stat(p.to / 'deep').st_uid, os.stat(p.to / 'deep').st_mode & 0o7777), (1000, 0o711))
    again = go(p)
    assert 'copied' not in again.err.replace('copied 0', ''), again
    contains(go(p, '--verify').out, 'verified 14 files')


def nothing_is_replaced(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    for name in ('equal', 'other', 'o'):
        p.file(name, '2026-11-01 10:00', 100)
    shutil.copy(p.source / 'equal', p.to)
    for name in ('other', 'o'):
        (p.to / name).write_bytes(b'y' * 100)
    result = go(p)
    contains(result.err, 'an equal equal was at a already')
    equal((p.to / 'other').read_bytes(), b'y' * 100)
    equal((p.to / 'other.20261101T100000Z~').read_bytes(), b'x' * 100)
    equal(backups(p.to), ['equal', 'o', 'o.20261101T100000Z~', 'other', 'other.20261101T100000Z~'])
    equal(backups(p.to), (go(p), backups(p.to))[1])


def changed_content_comes_beside(p):
    p.write('[set s]\nSource=@from@\nKeepLast=1\n[copy s/a]\nTo=@to@\n')
    p.file('db-2026-10-01.sql', '2026-10-01 10:00', 100)
    p.file('db-2026-10-02.sql', '2026-10-02 10:00', 100)
    p.file('db-2026-10-03.sql', '2026-10-03 10:00', 100)
    p.write('[set s]\nSource=@from@\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    go(p)
    p.file('db-2026-10-01.sql', '2026-10-05 10:00', 200)
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    result = go(p)
    contains(result.err, 'db-2026-10-01.sql')
    equal(os.stat(p.to / 'db-2026-10-01.sql').st_size, 100)
    equal(os.stat(p.to / 'db-2026-10-01.sql.20261005T100000Z~').st_size, 200)
    equal(backups(p.source), ['db-2026-10-01.sql', 'db-2026-10-03.sql'])
    contains(go(p).out, 'held as changed: 1')
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\nOnChange=version\n[copy s/a]\nTo=@to@\n')
    go(p)
    equal(backups(p.source), ['db-2026-10-03.sql'])


def a_change_is_not_forgotten_while_it_settles(p):
    rules = '[set s]\nSource=@from@\nKeepLast=1\nMinKeep=0\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n'
    p.file('db-2026-10-01.sql', size=100)
    go(p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n'))
    p.file('db-2026-10-02.sql', size=100)
    path = p.file('db-2026-10-01.sql', size=300)
    os.utime(path)  # now: it may still be written
    assert 'changed' not in go(p.write(rules)).err
    os.utime(path, (1760000000, 1760000000))
    contains(go(p).out, 'held as changed: 1')
    equal(backups(p.to), ['db-2026-10-01.sql', 'db-2026-10-01.sql.20251009T085320Z~', 'db-2026-10-02.sql'])


def companions_come_first_and_go_last(p):
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    for day in (1, 2):
        for suffix in ('', '.sha256', '.log'):
            p.file(f'db-2026-10-0{day}.sql{suffix}')
    result = go(p)
    lines = [line for line in result.err.splitlines() if 'db-2026-10-01' in line]
    copied = [line.split()[3] for line in lines if ' copied ' in line]
    removed = [line.split()[3] for line in lines if ' removed ' in line]
    equal(copied[-1], 'db-2026-10-01.sql')
    equal(removed[0], 'db-2026-10-01.sql')
    equal((len(copied), len(removed)), (3, 3))
    equal(len(backups(p.to)), 6)


def a_renamed_backup_is_not_copied_again(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('old-2026-10-01.sql', size=100)
    go(p)
    inode = os.stat(p.to / 'old-2026-10-01.sql').st_ino
    (p.source / 'sub').mkdir()
    os.rename(p.source / 'old-2026-10-01.sql', p.source / 'sub/new-2026-10-01.sql')
    result = go(p)
    equal(backups(p.to), ['sub'])
    equal(os.stat(p.to / 'sub/new-2026-10-01.sql').st_ino, inode)
    contains(result.err, 'old-2026-10-01.sql')
    assert ' copied sub' not in result.err, result
    assert 'missing' not in go(p).err


def a_rename_is_not_forgotten_while_the_disk_is_away(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('old-2026-10-01.sql', size=100)
    go(p)
    os.rename(p.to, p.top / 'away')
    os.rename(p.source / 'old-2026-10-01.sql', p.source / 'new-2026-10-01.sql')
    go(p, status=1)
    os.rename(p.top / 'away', p.to)
    go(p)
    equal(backups(p.to), ['new-2026-10-01.sql'])


def names_that_rotate_rotate_there_too(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    sizes = {}
    for night in range(4):
        for i in range(night, 0, -1):
            os.rename(p.source / f'db.sql.{i}', p.source / f'db.sql.{i + 1}')
        p.file('db.sql.1', f'2026-10-0{night + 1} 00:00', size=100 + night)
        go(p)
        sizes = {name: os.stat(p.source / name).st_size for name in backups(p.source)}
        equal({name: os.stat(p.to / name).st_size for name in backups(p.to)}, sizes)
    equal(len(sizes), 4)


def what_is_not_wanted_stays_so(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nMaxAge=3d\n')
    p.file('old-2020-01-01.sql')
    p.file('new.sql', when='2030-01-01 00:00')
    os.utime(p.source / 'new.sql', (os.stat(p.source).st_mtime - 3600,) * 2)
    go(p)
    equal(backups(p.to), ['new.sql'])
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    go(p)
    equal(backups(p.to), ['new.sql'])


def a_lost_copy_is_healed_and_a_removed_one_is_not(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nKeepLast=3\nRemoveMax=100%\n')
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    go(p)
    os.unlink(p.to / 'db-2026-10-02.sql')
    contains(go(p).err, 'db-2026-10-02.sql')
    equal(len(backups(p.to)), 3)
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nKeepLast=1\nRemoveMax=100%\n')
    (p.to / 'db-2026-09-01.sql').write_bytes(b'foreign')
    result = go(p)
    equal(backups(p.to), ['db-2026-09-01.sql', 'db-2026-10-03.sql'])
    contains(result.out, 'that retaind did not publish there')
    go(p)
    equal(backups(p.to), ['db-2026-09-01.sql', 'db-2026-10-03.sql'])
    equal(len(backups(p.source)), 3)


def a_foreign_file_stands_for_no_backup(p):
    for day in (1, 2):
        p.file(f'db-2026-10-0{day}.sql')
    (p.to / 'db-2026-11-20.sql').write_bytes(b'')
    go(p.write('[set s]\nSource=@from@\nKeepFor=1d\nMinKeep=0\nRemoveMax=100%\n[copy s/a]\nTo=@to@\nKeepLast=1\n'))
    equal(backups(p.to), ['db-2026-10-02.sql', 'db-2026-11-20.sql'])


def without_its_catalog_it_compares(p):
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    go(p)
    (p.to / 'db-2026-10-01.sql').write_bytes(b'z' * 10)  # the same size, and no longer its copy
    shutil.rmtree(p.top / 'state')
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    go(p)
    equal(backups(p.source), ['db-2026-10-03.sql'])
    equal([name for name in backups(p.to) if (p.to / name).read_bytes() == b'x' * 10],
          ['db-2026-10-01.sql.20261101T000000Z~', 'db-2026-10-02.sql', 'db-2026-10-03.sql'])


def leftovers_of_a_dead_run_are_removed(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('sub/a')
    go(p)
    for path in ('.retaind-0123456789abcdef', 'sub/.retaind-fedcba9876543210', '.retaind-mine'):
        Path(p.to, path).write_bytes(b'x')
    go(p)
    equal(sorted(os.listdir(p.to)), ['.retaind-destination', '.retaind-mine', 'sub'])
    equal(os.listdir(p.to / 'sub'), ['a'])


def a_signal_ends_it_after_what_is_under_way(p):
    p.write('[daemon]\nBandwidthMax=20M\n[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('a', size=80_000_000)
    process = subprocess.Popen([harness.RETAIND, '--once', f'--config={p.conf}'], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True,
                               env={**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')})
    until = time.monotonic() + 30
    while not any(name.startswith('.retaind-') and name != '.retaind-destination' for name in os.listdir(p.to)):
        assert time.monotonic() < until and process.poll() is None, 'no copy was begun'
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    time.sleep(1.2)  # what comes at once is taken for one
    assert process.poll() is None, 'it did not finish what was under way'
    os.killpg(process.pid, signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    equal(process.returncode, 1)
    contains(err.decode(), 'asked to end by Interrupt')
    equal(backups(p.to), [])
    p.conf.write_text(p.conf.read_text().replace('BandwidthMax=20M', 'BandwidthMax=infinity'))
    go(p)
    equal(sorted(os.listdir(p.to)), ['.retaind-destination', 'a'])


def bandwidth_is_kept(p):
    p.write('[daemon]\nBandwidthMax=2M\n[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('a', size=3_000_000)
    p.file('b', size=1_000_000)
    begun = time.monotonic()
    go(p, '--patience=1s')
    # Not a matter of speed: faster than this would be too fast.
    assert time.monotonic() - begun > 1.5
    equal(differing(p), [])


def the_catalog_knows_it(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('a', size=3)
    go(p)
    with sqlite3.connect(p.top / 'state/catalog.db') as catalog:
        rows = catalog.execute('SELECT state, hex(c.sha256) FROM copies c').fetchall()
    catalog.close()
    equal(rows, [(3, 'CD2EB0837C9B4C962C22D2FF8B5441B7B45805887F051D39BF133B583BAF6860')])


def a_taken_name_of_255_bytes_is_shortened(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    name = 'é' * 125 + '.sql1'
    p.file(name, '2026-10-01 10:00', 100)
    (p.to / name).write_bytes(b'of somebody else')
    for _ in range(2):
        go(p)
        equal(len(backups(p.to)), 2)
    equal((p.to / name).read_bytes(), b'of somebody else')
    version = [other for other in backups(p.to) if other != name][0]
    equal((p.to / version).read_bytes(), b'x' * 100)
    assert version.endswith('.20261001T100000Z~') and len(os.fsencode(version)) <= 255, version
    version.encode()  # it was not cut within a character


def what_is_no_file_has_its_name(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    outside = p.top / 'outside'
    outside.write_bytes(b'y' * 100)
    for name in ('directory', 'link', 'pipe'):
        p.file(name, '2026-10-01 10:00', 100)
    (p.to / 'directory').mkdir()
    os.symlink(outside, p.to / 'link')
    os.mkfifo(p.to / 'pipe')
    for _ in range(2):
        go(p)
        equal(len(backups(p.to)), 6)
    for name in ('directory', 'link', 'pipe'):
        equal((p.to / f'{name}.20261001T100000Z~').read_bytes(), b'x' * 100)
    equal(outside.read_bytes(), b'y' * 100)


def links_are_not_followed(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    outside = p.top / 'outside'
    outside.mkdir()
    (outside / 'secret').write_bytes(b'secret')
    os.symlink(outside, p.to / 'sub')
    p.file('sub/file')
    p.file('plain')
    os.symlink(outside / 'secret', p.source / 'link')
    os.symlink(outside, p.source / 'tree')
    os.mkfifo(p.source / 'pipe')
    contains(go(p, status=1).err, 'sub/file was not copied to a: Not a directory')
    equal(os.listdir(outside), ['secret'])
    equal(backups(p.to), ['plain', 'sub'])


def deep(p, depth, name):
    """A file under that many directories, deeper than a path may name."""
    at = os.open(p.source, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    with open(os.open('file', os.O_CREAT | os.O_WRONLY, dir_fd=at), 'wb') as f:
        f.write(b'deep')
    os.utime('file', (10**9, 10**9), dir_fd=at)
    os.close(at)


def the_deepest_directories(p):
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
    try:
        deep(p, 15, 'd' * 250)
        go(p)
        equal(call('find', p.to, '-name', 'file', '-size', '4c', '-printf', '%d\n'), '16\n')
        # Too deep to be named: it is said, and nothing is removed as nobody knows what is there.
        for day in (1, 2):
            p.file(f'db-2026-10-0{day}.sql')
        deep(p, 30, 'e' * 250)
        contains(go(p, status=1).err, 'File name too long')
        equal(len(backups(p.source)), 4)
        equal([name for name in backups(p.to) if name.startswith('db')], ['db-2026-10-01.sql', 'db-2026-10-02.sql'])
    finally:
        call('rm', '-rf', p.source, p.to)


def the_destination_came_by_cp_to_another_disk(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    go(p)
    os.rename(p.to, p.top / 'old')
    call('cp', '-a', p.top / 'old', p.to)
    result = go(p)
    equal(result.err.count('an equal db-2026-10-0'), 3)
    equal(backups(p.to), backups(p.source))
    assert 'equal' not in go(p).err


def names_that_rotate_push_the_oldest_out(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    for n in (1, 2, 3):
        p.file(f'app.{n}.gz', f'2026-10-0{9 - n} 00:00', 10 + n)
    go(p)
    os.rename(p.source / 'app.2.gz', p.source / 'app.3.gz')
    os.rename(p.source / 'app.1.gz', p.source / 'app.2.gz')
    p.file('app.1.gz', '2026-10-09 00:00', 20)
    result = go(p)
    assert 'changed' not in result.err, result
    # the copy of what was pushed out keeps its name; who took that name there lies beside it
    equal({name: (p.to / name).stat().st_size for name in backups(p.to)},
          {'app.1.gz': 20, 'app.2.gz': 11, 'app.3.gz': 13, 'app.3.gz.20261007T000000Z~': 12})
    equal(go(p).err.count('copied app'), 0)


def names_that_change_places(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('a.gz', '2026-10-01 00:00', 1)
    p.file('b.gz', '2026-10-02 00:00', 2)
    go(p)
    os.rename(p.source / 'a.gz', p.source / 'c')
    os.rename(p.source / 'b.gz', p.source / 'a.gz')
    os.rename(p.source / 'c', p.source / 'b.gz')
    go(p)
    equal(sorted((p.to / name).stat().st_size for name in backups(p.to)), [1, 2])
    assert 'copied' not in go(p).err.replace('copied 0', ''), 'it goes on'


def a_copy_that_was_replaced_is_not_renamed(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    p.file('old.gz')
    go(p)
    os.rename(p.source / 'old.gz', p.source / 'new.gz')
    os.unlink(p.to / 'old.gz')
    (p.to / 'old.gz').write_bytes(b'something else')
    go(p)
    equal((p.to / 'old.gz').read_bytes(), b'something else')
    equal((p.to / 'new.gz').read_bytes(), (p.source / 'new.gz').read_bytes())


def the_source_came_by_cp_from_another_disk(p):
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\n')
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    go(p)
    os.rename(p.source, p.top / 'old')
    call('cp', '-a', p.top / 'old', p.source)
    contains(go(p, status=1).err, 'another directory')
    result = go(p, '--release=s')
    assert 'changed' not in result.out + result.err, result
    equal(backups(p.to), backups(p.source))


def versions_of_one_second_have_names(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\nOnChange=version\n[copy s/a]\nTo=@to@\n')
    for number in range(4):
        path = p.file('db.sql', '2026-10-01 10:00', size=10 + number)
        os.utime(path, (epoch('2026-10-01 10:00') + number / 8, epoch('2026-10-01 10:00') + number / 8))
        go(p)
    equal(backups(p.to), ['db.sql', *(f'db.sql.20261001T10000{number}Z~' for number in range(3))])
    equal([(p.to / name).stat().st_size for name in backups(p.to)], [10, 11, 12, 13])


main(everything_a_file_is, nothing_is_replaced, changed_content_comes_beside,
     versions_of_one_second_have_names,
     a_change_is_not_forgotten_while_it_settles, companions_come_first_and_go_last,
     a_renamed_backup_is_not_copied_again, a_rename_is_not_forgotten_while_the_disk_is_away, names_that_rotate_rotate_there_too,
     names_that_rotate_push_the_oldest_out, names_that_change_places, a_copy_that_was_replaced_is_not_renamed,
     what_is_not_wanted_stays_so,
     a_lost_copy_is_healed_and_a_removed_one_is_not, a_foreign_file_stands_for_no_backup,
     without_its_catalog_it_compares, leftovers_of_a_dead_run_are_removed, a_signal_ends_it_after_what_is_under_way, bandwidth_is_kept,
     the_catalog_knows_it, a_taken_name_of_255_bytes_is_shortened, what_is_no_file_has_its_name, links_are_not_followed,
     the_deepest_directories, the_destination_came_by_cp_to_another_disk, the_source_came_by_cp_from_another_disk)
