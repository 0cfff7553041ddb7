#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Removals: what is due goes, with its reason; what is held stays, with what lifts it."""

import os
import shutil
import sqlite3
import time

from harness import backups, contains, equal, go, main

ONE = '[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n'


def fill(p, n=4):
    for day in range(1, n + 1):
        p.file(f'db-2026-10-{day:02}.sql')


def catalog(p, sql, *values):
    with sqlite3.connect(p.top / 'state/catalog.db') as db:
        rows = db.execute(sql, values).fetchall()
    db.close()
    return rows


def what_is_due_goes_and_is_audited(p):
    fill(p)
    result = go(p.write(ONE))
    equal(backups(p.source), ['db-2026-10-04.sql'])
    for day in (1, 2, 3):
        contains(result.err, f'removed db-2026-10-0{day}.sql')
    contains(result.err, 'not kept by KeepLast')
    equal(catalog(p, 'SELECT count(*) FROM intents WHERE state = 2'), [(3,)])
    equal(catalog(p, 'SELECT count(*) FROM events'), [(3,)])
    equal(catalog(p, 'SELECT count(*) FROM backups WHERE fate = 1 AND ended_reason LIKE "not kept%"'), [(3,)])
    assert os.stat(p.source / '.retaind-trash').st_mode & 0o7777 == 0o700
    equal(os.listdir(p.source / '.retaind-trash'), [])


def a_mass_is_held_until_a_person_says_so(p):
    fill(p, 10)
    result = go(p.write('[set s]\nSource=@from@\nKeepLast=1\n'))
    equal(len(backups(p.source)), 10)
    contains(result.err, 'held as mass: 9')
    contains(result.out, 'retaind --once --release')
    go(p, '--release')
    equal(backups(p.source), ['db-2026-10-10.sql'])


def the_plan_says_what_the_copies_let_go(p):
    fill(p, 4)
    text = '[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n'
    p.write(text)
    contains(p.run('--once', '--dry-run', f'--config={p.conf}').out, 'once they are copied, in the same pass: remove 3')
    p.write(text.replace('RemoveMax=100%', 'RemoveMax=50%'))
    contains(p.run('--once', '--dry-run', f'--config={p.conf}').out, 'and is held as mass')
    go(p)
    equal(len(backups(p.source)), 4)
    p.write(text + 'KeepLast=2\nRemoveMax=100%\n')
    go(p)
    contains(go(p.write(text + 'KeepLast=1\nRemoveMax=100%\n')).out, 'remove db-2026-10-03.sql')


def the_past_hour_counts(p):
    fill(p, 10)
    go(p.write('[set s]\nSource=@from@\nKeepLast=6\n'))
    equal(len(backups(p.source)), 6)
    result = go(p.write('[set s]\nSource=@from@\nKeepLast=4\n'))
    equal(len(backups(p.source)), 6)
    contains(result.err, 'held as mass')


def uncopied_is_held_unless_told_otherwise(p):
    fill(p, 2)
    p.write(ONE + '[copy s/a]\nTo=@top@/not-there\n')
    result = go(p, status=1)
    contains(result.err, 'does not exist')
    contains(result.out, 'held as uncopied: 1')
    equal(len(backups(p.source)), 2)
    p.write(ONE + 'RemoveUncopied=yes\n[copy s/a]\nTo=@top@/not-there\n')
    go(p, status=1)
    equal(backups(p.source), ['db-2026-10-02.sql'])


def the_trash_keeps_for_a_while(p):
    fill(p, 2)
    result = go(p.write(ONE + 'Trash=7d\n'))
    contains(result.err, 'db-2026-10-01.sql')
    equal(backups(p.source), ['db-2026-10-02.sql'])
    equal(len(os.listdir(p.source / '.retaind-trash')), 1)
    go(p)
    equal(len(os.listdir(p.source / '.retaind-trash')), 1)
    week = 8 * 86400 * 1000000
    catalog(p, 'UPDATE intents SET meant_usec = meant_usec - ?1, ended_usec = ended_usec - ?1', week)
    contains(go(p).err, 'db-2026-10-01.sql')
    equal(os.listdir(p.source / '.retaind-trash'), [])
    equal(catalog(p, 'SELECT state FROM intents'), [(2,)])


def a_trash_that_others_may_write_to_is_none(p):
    fill(p, 2)
    os.mkdir(p.source / '.retaind-trash')
    os.chmod(p.source / '.retaind-trash', 0o777)
    result = go(p.write(ONE), status=1)
    contains(result.err, 'Operation not permitted')
    equal(len(backups(p.source)), 2)


def another_directory_is_not_the_source(p):
    fill(p, 4)
    go(p.write('[set s]\nSource=@from@\n'))
    os.rename(p.source, p.top / 'away')
    shutil.copytree(p.top / 'away', p.source)
    result = go(p.write(ONE), status=1)
    contains(result.err, 'another directory')
    go(p, '--release', status=1)  # of the mass alone
    equal(len(backups(p.source)), 4)
    equal(p.run('--once', '--release=other', f'--config={p.conf}').status, 2)
    go(p, '--release=s')
    equal(len(backups(p.source)), 1)
    go(p)


def an_emptied_source_is_no_reason_to_remove_copies(p):
    fill(p, 4)
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nKeepLast=4\nRemoveMax=100%\n')
    go(p)
    for name in backups(p.source):
        os.unlink(p.source / name)
    p.write('[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nKeepLast=1\nRemoveMax=100%\n')
    contains(go(p, status=1).err, 'retaind did not empty it')
    equal(len(backups(p.to)), 4)
    go(p, '--release=s')
    equal(backups(p.to), ['db-2026-10-04.sql'])


def a_clock_that_jumped_ahead_holds(p):
    fill(p, 2)
    go(p.write('[set s]\nSource=@from@\n'))
    before = catalog(p, 'SELECT last_usec FROM clock')
    # as if it had been recorded two days ago, a minute of uptime ago
    catalog(p, 'UPDATE clock SET last_usec = last_usec - ?, boottime_usec = boottime_usec - ?', 2 * 86400 * 10**6,
            60 * 10**6)
    for _ in range(2):
        result = go(p.write(ONE))
        contains(result.out, 'held as clock: 1')
        contains(result.err, 'jumped ahead')
    equal(len(backups(p.source)), 2)
    assert catalog(p, 'SELECT last_usec FROM clock') < before
    go(p, '--release=s')
    equal(len(backups(p.source)), 1)
    assert 'jumped' not in go(p).err


def a_clock_that_went_back_holds(p):
    fill(p, 2)
    go(p.write('[set s]\nSource=@from@\n'))
    catalog(p, 'UPDATE clock SET last_usec = ?', int((time.time() + 86400) * 1e6))
    contains(go(p.write(ONE)).out, 'held as clock: 1')
    go(p, '--release')
    equal(len(backups(p.source)), 2)
    go(p, '--release=s')
    equal(len(backups(p.source)), 1)


def a_stopped_series_and_its_newest_stay(p):
    fill(p, 3)
    p.file('other-2020-01-01.sql')
    contains(go(p.write('[set s]\nSource=@from@\nKeepFor=1h\nExpectEvery=1h\nRemoveMax=100%\n')).out, 'held as stale')
    equal(len(backups(p.source)), 4)
    go(p.write('[set s]\nSource=@from@\nKeepFor=1h\nMinKeep=2\nRemoveMax=100%\n'))
    equal(backups(p.source), ['db-2026-10-02.sql', 'db-2026-10-03.sql', 'other-2020-01-01.sql'])


def without_a_file_it_asks_first(p):
    fill(p, 3)
    options = (f'--source={p.source}', f'--to={p.to}', '--keep-for=1h')
    equal(p.run('--once', *options).status, 0)
    equal((len(backups(p.source)), backups(p.to), os.listdir(p.top)), (3, [], os.listdir(p.top)))
    assert not (p.top / 'state').exists()
    equal(p.run('--once', '--yes', *options).status, 0)
    equal(len(backups(p.to)), 3)
    equal(p.run('--once', '--dry-run', '--yes', *options).status, 2)


COPIED = '[set s]\nSource=@from@\n[copy s/a]\nTo=@to@\nRemoveMax=100%\n'


def a_destination_s_own_removals_are_recorded_too(p):
    fill(p)
    go(p.write(COPIED + 'KeepLast=4\n'))
    (p.to / 'db-2026-09-01.sql').write_bytes(b'of somebody else')
    result = go(p.write(COPIED + 'KeepLast=1\n'))
    equal(backups(p.to), ['db-2026-09-01.sql', 'db-2026-10-04.sql'])
    equal(len(backups(p.source)), 4)
    for day in (1, 2, 3):
        contains(result.err, f'removed db-2026-10-0{day}.sql from a')
    here = 'FROM intents i JOIN destinations d ON d.id = i.destination_id'
    equal(catalog(p, f'SELECT d.name, i.state, i.reason, count(*) {here} GROUP BY 1, 2, 3'),
          [('a', 2, 'not kept by KeepLast', 3)])
    equal(sorted(catalog(p, f'SELECT i.path {here}')), [(b'db-2026-10-0%d.sql' % day,) for day in (1, 2, 3)])
    events = [row[0] for row in catalog(p, 'SELECT data FROM events')]
    equal(len(events), 3)
    for day in (1, 2, 3):
        equal(len([data for data in events if b'RETAIND_FILE=db-2026-10-0%d.sql' % day in data
                   and b'RETAIND_DESTINATION=a' in data and b'RETAIND_REASON=not kept by KeepLast' in data]), 1)
    equal(sorted(catalog(p, 'SELECT state FROM copies')), [(3,), (4,), (4,), (4,)])
    equal(os.listdir(p.to / '.retaind-trash'), [])


def companions_are_removed_with_it_there_too(p):
    for day in (1, 2):
        for suffix in ('', '.sha256', '.log'):
            p.file(f'db-2026-10-0{day}.sql{suffix}')
    go(p.write(COPIED + 'KeepLast=2\n'))
    result = go(p.write(COPIED + 'KeepLast=1\n'))
    removed = [line.split()[3] for line in result.err.splitlines() if ' removed db' in line]
    equal(removed[0], 'db-2026-10-01.sql')
    equal(sorted(removed[1:]), ['db-2026-10-01.sql.log', 'db-2026-10-01.sql.sha256'])
    equal(backups(p.to), [f'db-2026-10-02.sql{suffix}' for suffix in ('', '.log', '.sha256')])


def a_shorter_trash_purges_what_is_in_it(p):
    fill(p, 2)
    go(p.write(ONE + 'Trash=7d\n'))
    equal(len(os.listdir(p.source / '.retaind-trash')), 1)
    result = go(p.write(ONE))
    contains(result.err, 'purged db-2026-10-01.sql from the trash directory')
    contains(result.err, 'not kept by KeepLast')
    equal(os.listdir(p.source / '.retaind-trash'), [])
    equal(len(catalog(p, 'SELECT id FROM events')), 2)


def what_has_no_copy_any_more_is_not_purged(p):
    fill(p, 2)
    text = '[set s]\nSource=@from@\nKeepLast=1\nTrash=%s\n[copy s/a]\nTo=@to@\n'
    go(p.write(text % '7d'))
    trash = p.source / '.retaind-trash'
    os.unlink(p.to / 'db-2026-10-01.sql')
    contains(go(p.write(text % '0s')).err, '1 files stay in .retaind-trash')
    equal(len(os.listdir(trash)), 1)


def what_somebody_writes_to_is_not_removed(p):
    fill(p, 2)
    with open(p.source / 'db-2026-10-01.sql', 'r+b'):
        contains(go(p.write(ONE)).err, 'put db-2026-10-01.sql back')
    equal(len(backups(p.source)), 2)
    go(p)
    equal(len(backups(p.source)), 1)


def a_companion_that_is_written_keeps_its_backup(p):
    fill(p, 2)
    (p.source / 'db-2026-10-01.sql.log').write_text('just now')
    go(p.write(ONE))
    equal(len(backups(p.source)), 3)


def ages_from_birth_there_too(p):
    fill(p, 1)
    time.sleep(0.01)
    p.file('db-2026-10-02.sql')
    go(p.write('[set s]\nSource=@from@\nAgeFrom=birth\n[copy s/a]\nTo=@to@\nKeepLast=2\n'))
    go(p.write('[set s]\nSource=@from@\nAgeFrom=birth\n[copy s/a]\nTo=@to@\nKeepLast=1\n'))
    equal(backups(p.to), ['db-2026-10-02.sql'])


def what_changed_in_the_trash_is_not_purged(p):
    fill(p, 2)
    go(p.write(ONE + 'Trash=7d\n'))
    name = os.listdir(p.source / '.retaind-trash')[0]
    (p.source / '.retaind-trash' / name).write_bytes(b'of somebody else')
    contains(go(p.write(ONE), status=1).err, 'db-2026-10-01.sql was not removed')
    equal((p.source / '.retaind-trash' / name).read_bytes(), b'of somebody else')


def a_source_that_is_away_removes_nothing(p):
    fill(p)
    go(p.write(COPIED + 'KeepLast=4\n'))
    os.rename(p.source, p.top / 'away')
    contains(go(p.write(COPIED + 'KeepLast=1\n'), status=1).err, 'does not exist')
    equal(len(backups(p.to)), 4)
    assert not p.source.exists()
    os.rename(p.top / 'away', p.source)
    go(p)
    equal(len(backups(p.to)), 1)


def a_copy_that_is_not_what_was_copied_holds(p):
    fill(p, 3)
    keep = '[set s]\nSource=@from@\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n'
    go(p.write(keep))
    (p.to / 'db-2026-10-01.sql').write_bytes(b'y' * 10)
    os.unlink(p.to / 'db-2026-10-02.sql')
    os.rename(p.to, p.top / 'away')
    contains(go(p.write(keep.replace('RemoveMax', 'KeepLast=1\nRemoveMax')), status=1).out, 'held as uncopied: 2')
    equal(len(backups(p.source)), 3)
    os.rename(p.top / 'away', p.to)
    go(p)
    equal(backups(p.source), ['db-2026-10-03.sql'])
    equal([name for name in backups(p.to) if (p.to / name).read_bytes() == b'x' * 10],
          ['db-2026-10-01.sql.20261101T000000Z~', 'db-2026-10-02.sql', 'db-2026-10-03.sql'])


main(what_is_due_goes_and_is_audited, a_mass_is_held_until_a_person_says_so, the_past_hour_counts, the_plan_says_what_the_copies_let_go,
     uncopied_is_held_unless_told_otherwise, the_trash_keeps_for_a_while, a_trash_that_others_may_write_to_is_none,
     another_directory_is_not_the_source, an_emptied_source_is_no_reason_to_remove_copies, a_clock_that_went_back_holds, a_clock_that_jumped_ahead_holds,
     what_has_no_copy_any_more_is_not_purged, what_somebody_writes_to_is_not_removed,
     a_companion_that_is_written_keeps_its_backup, ages_from_birth_there_too,
     a_stopped_series_and_its_newest_stay, without_a_file_it_asks_first, a_destination_s_own_removals_are_recorded_too,
     companions_are_removed_with_it_there_too, a_shorter_trash_purges_what_is_in_it,
     what_changed_in_the_trash_is_not_purged, a_source_that_is_away_removes_nothing,
     a_copy_that_is_not_what_was_copied_holds)
