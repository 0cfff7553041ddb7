#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What lies in a directory, and what the plan says of it."""

import os
import socket

from harness import contains, equal, main


def every_field_is_there(p):
    p.file('db-2026-11-20T030405Z.sql', '2026-11-20 03:10', 1234)
    p.write('[set s]\nSource=@from@\nTimeZone=Europe/Berlin\nKeepDaily=7\n[copy s/nas]\nTo=@to@\n')
    equal(p.plan(), {'db-2026-11-20T030405Z.sql': {
        'set': 's', 'file': 'db-2026-11-20T030405Z.sql', 'series': 'db-*.sql', 'time': '2026-11-20T04:04:05+01:00',
        'time_from': 'name', 'size': 1234, 'verdict': 'keep', 'reasons': ['KeepDaily'], 'holds': [],
        'copy_to': ['nas']}})


def any_byte_in_names(p):
    names = [b'new\nline-2026-11-01.sql', b'quote"s-2026-11-01.sql', b'\xff\xfe-2026-11-01.sql', b'back\\slash.sql',
             b'*-2026-11-01.sql', b' ', b'-rf', b'n' * 255, '日本-2026-11-01.sql'.encode()]
    for name in names:
        p.file(name)
    p.write('[set s]\nSource=@from@\nKeepFor=3d\n')
    plan = p.plan()
    equal(len(plan), len(names))
    for name in names:
        if name.startswith(b'\xff'):
            equal(bytes.fromhex(plan['��-2026-11-01.sql']['file_hex']), name)
        else:
            assert 'file_hex' not in plan[name.decode()]
    result = p.run('--once', '--dry-run', f'--config={p.conf}')
    equal(result.status, 0)
    contains(result.out, 'new\\nline')
    contains(result.out, '\\xff\\xfe')


def links_and_the_like_are_skipped_and_said(p):
    outside = p.top / 'outside'
    outside.mkdir()
    p.file(outside / 'secret-2026-01-01')
    os.symlink(outside, p.source / 'link')
    os.symlink(outside / 'secret-2026-01-01', p.source / 'file-link-2026-01-01')
    os.mkfifo(p.source / 'fifo')
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(p.source / 'socket'))
    server.close()
    p.file('a.sql')
    p.write('[set s]\nSource=@from@\nKeepFor=3d\n')
    result = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
    equal(result.status, 0)
    equal([item['file'] for item in result.json()], ['a.sql'])
    for word in ('skipped link: a symbolic link', 'skipped file-link-2026-01-01: a symbolic link',
                 'skipped fifo: a FIFO', 'skipped socket: a socket'):
        contains(result.err, word)


def a_source_through_a_link_is_refused(p):
    os.symlink(p.source, p.top / 'alias')
    p.write('[set s]\nSource=@top@/alias\n')
    result = p.run('--once', '--dry-run', f'--config={p.conf}')
    equal(result.status, 1)
    contains(result.err, 'symbolic link')
    contains(result.err, str(p.source))


def two_series_do_not_rotate_each_other_away(p):
    for day in range(1, 11):
        p.file(f'db01-2026-11-{day:02}.sql.gz')
        p.file(f'db02-2026-11-{day:02}.sql.gz')
    p.write('[set s]\nSource=@from@\nKeepLast=3\nRemoveMax=100%\n')
    plan = p.plan()
    for series in ('db01-*.sql.gz', 'db02-*.sql.gz'):
        kept = sorted(f for f, item in plan.items() if item['series'] == series and item['verdict'] == 'keep')
        equal([f[5:15] for f in kept], ['2026-11-08', '2026-11-09', '2026-11-10'])


def a_fresh_file_is_settling(p):
    p.file('db-2026-01-01.sql', '2026-11-20 11:59')
    p.file('db-2026-01-02.sql', '2026-11-20 11:00')
    p.file('db-2026-01-03.sql', '2026-11-20 11:00')
    p.write('[set s]\nSource=@from@\nKeepFor=3d\nSettle=2min\nMinKeep=1\n[copy s/nas]\nTo=@to@\n')
    plan = p.plan()
    equal(plan['db-2026-01-01.sql']['verdict'], 'keep')
    equal(plan['db-2026-01-01.sql']['reasons'], ['settling'])
    equal(plan['db-2026-01-01.sql']['copy_to'], [])
    equal(plan['db-2026-01-03.sql']['holds'], ['uncopied', 'newest'])
    equal(plan['db-2026-01-02.sql']['holds'], ['uncopied'])


def the_future_counts_for_nothing(p):
    p.file('db-2031-01-01.sql')
    p.file('db-2026-11-01.sql')
    p.file('db-2026-10-01.sql')
    p.write('[set s]\nSource=@from@\nKeepLast=1\n')
    plan = p.plan()
    equal(plan['db-2031-01-01.sql']['reasons'], ['future'])
    equal(plan['db-2026-11-01.sql']['reasons'], ['KeepLast'])
    equal(plan['db-2026-10-01.sql']['verdict'], 'remove')


def a_mass_is_held(p):
    for day in range(1, 11):
        p.file(f'db-2026-10-{day:02}.sql')
    for percent, verdict in ((50, 'hold'), (90, 'remove'), (89, 'hold')):
        p.write(f'[set s]\nSource=@from@\nKeepFor=3d\nMinKeep=1\nRemoveMax={percent}%\n')
        plan = p.plan()
        equal(plan['db-2026-10-01.sql']['verdict'], verdict)
        equal(plan['db-2026-10-01.sql']['holds'], ['mass'] if verdict == 'hold' else [])
        equal(plan['db-2026-10-10.sql']['holds'], ['newest'])


def a_stopped_series_is_held(p):
    for day in (1, 2, 3):
        p.file(f'dead-2026-10-0{day}.sql')
    for day in (1, 2, 20):
        p.file(f'live-2026-11-{day:02}.sql')
    p.write('[set s]\nSource=@from@\nKeepLast=1\nExpectEvery=26h\n')
    plan = p.plan()
    equal(plan['dead-2026-10-01.sql']['holds'], ['stale'])
    equal(plan['live-2026-11-01.sql']['verdict'], 'remove')


def companions_follow(p):
    p.file('db-2026-11-01.sql.gz')
    p.file('db-2026-11-01.sql.gz.sha256')
    p.file('db-2026-11-01.sql.gz.sha256.asc')
    p.file('vzdump-qemu-100-2026_11_01-03_04_05.vma.zst')
    p.file('vzdump-qemu-100-2026_11_01-03_04_05.log')
    p.file('vzdump-qemu-100-2026_11_01-03_04_05.vma.zst.notes')
    p.file('app-2026-11-01.log')
    p.write('[set s]\nSource=@from@\nKeepFor=3d\n[copy s/nas]\nTo=@to@\n')
    plan = p.plan()
    equal(sorted(plan), ['app-2026-11-01.log', 'db-2026-11-01.sql.gz', 'vzdump-qemu-100-2026_11_01-03_04_05.vma.zst'])
    equal(sorted(plan['db-2026-11-01.sql.gz']['companions']),
          ['db-2026-11-01.sql.gz.sha256', 'db-2026-11-01.sql.gz.sha256.asc'])
    equal(len(plan['vzdump-qemu-100-2026_11_01-03_04_05.vma.zst']['companions']), 2)
    # The copy of the backup alone is not enough.
    p.file(p.to / 'db-2026-11-01.sql.gz')
    equal(p.plan()['db-2026-11-01.sql.gz']['copy_to'], ['nas'])
    p.file(p.to / 'db-2026-11-01.sql.gz.sha256')
    p.file(p.to / 'db-2026-11-01.sql.gz.sha256.asc')
    equal(p.plan()['db-2026-11-01.sql.gz']['copy_to'], [])


def a_destination_wants_by_its_own_rules(p):
    for day in range(1, 11):
        p.file(f'db-2026-11-{day:02}.sql')
    p.file(p.to / 'db-2026-11-09.sql', '2026-11-01 00:00')
    p.file(p.to / 'db-2026-11-08.sql', '2026-11-01 00:00', 11)
    p.write('[set s]\nSource=@from@\nTimeZone=UTC\nKeepLast=2\nRemoveMax=100%\n[copy s/nas]\nTo=@to@\nKeepDaily=4\n'
            '[copy s/young]\nTo=@top@/young\nMaxAge=11d\n')
    (p.top / 'young').mkdir()
    plan = p.plan()
    equal({day: plan[f'db-2026-11-{day:02}.sql']['copy_to'] for day in (6, 7, 8, 9, 10)},
          {6: [], 7: ['nas'], 8: ['nas'], 9: [], 10: ['nas', 'young']})
    equal(plan['db-2026-11-06.sql']['verdict'], 'remove')
    equal(plan['db-2026-11-07.sql']['holds'], ['uncopied'])


def a_missing_destination_holds_and_is_named(p):
    p.file('db-2026-11-01.sql')
    p.file('db-2026-11-02.sql')
    p.write('[set s]\nSource=@from@\nKeepFor=3d\n[copy s/nas]\nTo=@top@/gone\n')
    result = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
    equal(result.status, 1)
    contains(result.err, 's/nas')
    contains(result.err, 'does not exist')
    plan = {item['file']: item for item in result.json()}
    contains(plan['db-2026-11-01.sql']['holds'], 'uncopied')
    assert not (p.top / 'gone').exists()


def a_missing_source_is_named_and_the_others_go_on(p):
    p.file('a.sql')
    p.write('[set gone]\nSource=@top@/gone\n[set s]\nSource=@from@\n')
    result = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
    equal(result.status, 1)
    contains(result.err, 'gone')
    equal([item['file'] for item in result.json()], ['a.sql'])


def age_may_come_from_elsewhere(p):
    p.file('db-2026-10-01.sql', '2026-11-19 00:00')
    for key, when, source in (('name', '2026-10-01T00:00:00Z', 'name'), ('modified', '2026-11-19T00:00:00Z', 'modified')):
        p.write(f'[set s]\nSource=@from@\nAgeFrom={key}\nTimeZone=UTC\n')
        item = p.plan()['db-2026-10-01.sql']
        equal((item['time'].replace('+00:00', 'Z'), item['time_from'], item['series']), (when, source, 'db-*.sql'))
    p.write('[set s]\nSource=@from@\nAgeFrom=birth\n')
    item = p.plan(now='2037-01-01')['db-2026-10-01.sql']
    equal(item['time_from'], 'birth')
    p.file('plain.sql')
    p.write('[set s]\nSource=@from@\nAgeFrom=name\nKeepFor=1d\n')
    item = p.plan()['plain.sql']
    equal((item['time'], item['time_from'], item['verdict'], item['reasons']), (None, None, 'keep', ['no-time']))


def a_pattern_names_the_timestamp(p):
    p.file('db.2026-11.n17.sql')
    p.file('db.2026-10.n9.sql')
    p.write('[set s]\nSource=@from@\nPattern=*.%Y-%m.n%*.sql\nTimeZone=UTC\n')
    plan = p.plan()
    equal({item['series'] for item in plan.values()}, {plan['db.2026-10.n9.sql']['series']})
    equal(plan['db.2026-10.n9.sql']['time'].replace('+00:00', 'Z'), '2026-10-01T00:00:00Z')


def include_and_exclude(p):
    for name in ('a.sql', 'b.part', '.hidden', 'tmp/c.sql', 'd.txt'):
        p.file(name)
    p.write('[set s]\nSource=@from@\nInclude=*.sql *.part\nExclude=*.part tmp\n')
    equal(list(p.plan()), ['a.sql'])
    p.write('[set s]\nSource=@from@\nRecursive=no\nExclude=""\n')
    equal(sorted(p.plan()), ['.hidden', 'a.sql', 'b.part', 'd.txt'])


main(every_field_is_there, any_byte_in_names, links_and_the_like_are_skipped_and_said,
     a_source_through_a_link_is_refused, two_series_do_not_rotate_each_other_away, a_fresh_file_is_settling,
     the_future_counts_for_nothing, a_mass_is_held, a_stopped_series_is_held, companions_follow,
     a_destination_wants_by_its_own_rules, a_missing_destination_holds_and_is_named,
     a_missing_source_is_named_and_the_others_go_on, age_may_come_from_elsewhere, a_pattern_names_the_timestamp,
     include_and_exclude)
