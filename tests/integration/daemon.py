#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon in the foreground: what it notices, when it acts, how it reloads and ends."""

import contextlib
import errno
import os
import signal
import sqlite3
import time

from harness import SLOW, Daemon, backups, contains, equal, main

BOTH = '[set s]\nSource=@from@\nSettle=0s\n[copy s/a]\nTo=@to@\n'


def finish(p, name, content=b'x'):
    """As a program that makes backups does it."""
    with open(p.source / name, 'wb') as f:
        f.write(content)
    return p.source / name


def what_is_finished_is_copied(p):
    p.write(BOTH)
    p.file('old-2026-11-01.sql')
    with Daemon(p).ready() as d:
        d.wait(lambda: backups(p.to) == ['old-2026-11-01.sql'])
        finish(p, 'closed.sql')
        d.wait(lambda: 'closed.sql' in backups(p.to))
        (p.top / 'moved.sql').write_bytes(b'moved')
        os.rename(p.top / 'moved.sql', p.source / 'moved.sql')
        d.wait(lambda: 'moved.sql' in backups(p.to))
        os.link(p.source / 'moved.sql', p.source / 'linked.sql')
        d.wait(lambda: 'linked.sql' in backups(p.to))
        (p.source / 'a/b/c').mkdir(parents=True)
        finish(p, 'a/b/c/deep.sql')
        d.wait(lambda: (p.to / 'a/b/c/deep.sql').exists())
        finish(p, 'a/b/later.sql')
        d.wait(lambda: (p.to / 'a/b/later.sql').exists())
        os.rename(p.source / 'a/b', p.source / 'renamed')
        d.wait(lambda: (p.to / 'renamed/c/deep.sql').exists())
        finish(p, 'renamed/c/after.sql')
        d.wait(lambda: (p.to / 'renamed/c/after.sql').exists())
        d.end()
        contains(d.lines(), 'copied closed.sql to a')
        assert 'copied renamed/c/deep.sql' not in d.lines(), d.lines()
        contains(d.listen(), 'STOPPING=1')


def what_is_open_waits(p):
    p.write(BOTH)
    with Daemon(p).ready() as d:
        with open(p.source / 'slow.sql', 'wb') as f:
            f.write(b'half')
            f.flush()
            finish(p, 'quick.sql')
            d.wait(lambda: 'quick.sql' in backups(p.to))
            time.sleep(1.5)
            equal(backups(p.to), ['quick.sql'])
            f.write(b' and whole')
        d.wait(lambda: 'slow.sql' in backups(p.to))
        equal((p.to / 'slow.sql').read_bytes(), b'half and whole')
        d.end()
        assert 'changed after' not in d.lines(), d.lines()


def what_is_open_elsewhere_is_looked_at_again(p):
    """Its end is no event: the directory that it is open through is not watched."""
    p.write(BOTH)
    with Daemon(p).ready() as d:
        with open(p.top / 'outside.sql', 'wb') as f:
            f.write(b'half')
            f.flush()
            os.link(p.top / 'outside.sql', p.source / 'inside.sql')
            d.wait(lambda: 'inside.sql changed, or was open for writing, while it was copied' in d.lines())
            f.write(b' and whole')
        d.wait(lambda: 'inside.sql' in backups(p.to))
        equal((p.to / 'inside.sql').read_bytes(), b'half and whole')
        equal(d.lines().count('while it was copied'), 1)
        d.end()


def what_changes_settles_first(p):
    p.write(BOTH.replace('0s', '2s'))
    with Daemon(p).ready() as d:
        finish(p, 'a.sql')
        begin = time.time()
        d.wait(lambda: 'a.sql' in backups(p.to))
        assert time.time() - begin >= 1.9
        d.end()


def what_comes_of_age_goes(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\nAgeFrom=modified\nKeepFor=4s\nMinKeep=0\nRemoveMax=100%\n')
    with Daemon(p).ready() as d:
        path = finish(p, 'a.sql')
        due = os.stat(path).st_mtime + 4
        d.wait(lambda: not path.exists())
        late = time.time() - due
        assert 0 <= late, late
        d.wait(lambda: 'removed a.sql' in d.lines())
        print(f'# gone {late * 1000:.0f} ms after its time')
        d.end()


def a_reload_takes_all_or_nothing(p):
    p.write(BOTH + '[set t]\nSource=@top@/more\nSettle=0s\n')
    (p.top / 'more').mkdir()
    text = p.conf.read_text()
    with Daemon(p).ready() as d:
        finish(p, 'a.sql')
        d.wait(lambda: 'a.sql' in backups(p.to))
        p.conf.write_text(text + 'KeepDayly=3\n')
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: 'the one in force stays' in d.lines())
        contains(d.lines(), 'did you mean KeepDaily=?')
        d.wait(lambda: 'is not taken' in d.listen().rsplit('STATUS=', 1)[-1])
        finish(p, 'b.sql')
        d.wait(lambda: 'b.sql' in backups(p.to))

        (p.top / 'second').mkdir()
        p.conf.write_text(text.replace('[set t]', f'[copy s/b]\nTo={p.top}/second\n[set t]'))
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: backups(p.top / 'second') == ['a.sql', 'b.sql'])
        contains(d.lines(), '2 sets, 1 of them as before')
        equal(d.listen().count('RELOADING=1'), 2)
        equal(d.listen().count('MONOTONIC_USEC='), 2)
        equal(d.listen().count('READY=1'), 3)

        p.conf.write_text(f'[set t]\nSource={p.top}/more\nSettle=0s\n')
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: '1 set, 1 of them as before' in d.lines())
        finish(p, 'c.sql')
        time.sleep(0.5)
        assert 'c.sql' not in backups(p.to)
        d.end()


def a_reload_that_lets_too_much_go_is_held(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\n')
    for day in range(1, 9):
        p.file(f'db-2026-10-0{day}.sql')
    with Daemon(p).ready() as d:
        p.write('[set s]\nSource=@from@\nSettle=0s\nKeepLast=1\n')
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: 'held as mass: 7' in d.lines())
        equal(len(backups(p.source)), 8)
        d.end()


def a_source_that_comes_later(p):
    p.write(BOTH.replace('Settle=0s', 'Settle=0s\nPollInterval=1s'))
    os.rmdir(p.source)
    with Daemon(p).ready() as d:
        d.wait(lambda: 'does not exist' in d.lines())
        p.source.mkdir()
        finish(p, 'a.sql')
        d.wait(lambda: 'a.sql' in backups(p.to))
        finish(p, 'b.sql')
        d.wait(lambda: 'b.sql' in backups(p.to))
        equal(d.lines().count('does not exist'), 1)
        d.end()


def a_destination_that_comes_back_catches_up(p):
    p.write(BOTH)
    with Daemon(p).ready() as d:
        finish(p, 'a.sql')
        d.wait(lambda: 'a.sql' in backups(p.to))
        os.rename(p.to, p.top / 'away')
        p.to.mkdir()
        finish(p, 'b.sql')
        d.wait(lambda: 'no .retaind-destination' in d.lines())
        equal(backups(p.to), [])
        os.rmdir(p.to)
        os.rename(p.top / 'away', p.to)
        d.wait(lambda: 'b.sql' in backups(p.to))
        equal(d.lines().count('no .retaind-destination'), 1)
        d.end()


def what_failed_is_tried_again_whatever_comes_between(p):
    p.write(BOTH)
    (p.to / 'taken').write_bytes(b'where a directory would have to be')
    with Daemon(p).ready() as d:
        (p.source / 'taken').mkdir()
        finish(p, 'taken/a.sql')
        d.wait(lambda: 'taken/a.sql was not copied to a' in d.lines())
        (p.to / 'taken').unlink()
        finish(p, 'b.sql')
        d.wait(lambda: 'b.sql' in backups(p.to))
        d.wait(lambda: (p.to / 'taken/a.sql').exists())
        d.end()


def polling_finds_it_too(p):
    p.write(BOTH.replace('Settle=0s', 'Settle=0s\nWatch=poll\nPollInterval=1s'))
    with Daemon(p).ready() as d:
        finish(p, 'a.sql')
        d.wait(lambda: 'a.sql' in backups(p.to))
        d.end()


def hours_are_kept(p):
    now = time.gmtime()
    minutes = (now.tm_hour * 60 + now.tm_min + 60) % 1440
    hours = f'{minutes // 60:02}:{minutes % 60:02}-{(minutes // 60 + 1) % 24:02}:{minutes % 60:02}'
    p.write(BOTH.replace('Settle=0s', f'Settle=0s\nTimeZone=UTC\nActiveHours={hours}'))
    p.file('a.sql')
    with Daemon(p) as d:
        d.wait(lambda: 'next change' in d.listen())
        finish(p, 'b.sql')
        time.sleep(1)
        equal(backups(p.to), [])
        contains(d.listen(), 'with 1 backup')  # it is looked at all the same
        d.end()


def what_others_put_there_makes_no_room_for_removals(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\nAgeFrom=modified\nWatch=poll\nPollInterval=1s\n'
            '[copy s/a]\nTo=@to@\nKeepFor=8s\nMinKeep=0\nRemoveMax=50%\n')
    now = time.time()
    for number in range(6):
        os.utime(finish(p, f'ours{number}.sql'), (now, now))
    with Daemon(p).ready() as d:
        d.wait(lambda: len(backups(p.to)) == 6)
        for number in range(100):
            (p.to / f'foreign{number}').write_bytes(b'y')
        d.wait(lambda: 'RemoveMax= of the set would go' in d.lines() or len(backups(p.to)) < 106)
        time.sleep(1)
        equal(len([name for name in backups(p.to) if name.startswith('ours')]), 6)
        d.end()


def a_second_one_is_refused(p):
    p.write(BOTH)
    with Daemon(p).ready() as d:
        result = p.run(f'--config={p.conf}')
        equal(result.status, 1)
        contains(result.err, f'process {d.process.pid} works with the state directory')
        d.end()


def why_it_does_not_begin_is_told(p):
    def error():
        with Daemon(p) as d:
            assert d.process.wait(SLOW) in (1, 78), d.lines()
            name, _, number = d.listen().strip().partition('=')
            equal(name, 'ERRNO')
            return int(number)

    p.write(BOTH + 'KeepDayly=3\n')
    equal(error(), errno.EINVAL)
    p.write(BOTH)
    (p.top / 'state').write_text('')
    equal(error(), errno.ENOTDIR)
    (p.top / 'state').unlink()
    with Daemon(p).ready() as d:
        # Its own place to be told, or the second one would take the first one's.
        (p.top / 'notify').rename(p.top / 'first')
        equal(error(), errno.EBUSY)
        d.end()
    with contextlib.closing(sqlite3.connect(p.top / 'state/catalog.db')) as catalog:
        catalog.execute('PRAGMA user_version = 99')
    equal(error(), errno.EOPNOTSUPP)
    os.truncate(p.top / 'state/catalog.db', 100)
    equal(error(), errno.EUCLEAN)
    (p.top / 'state/catalog.db').unlink()
    with contextlib.closing(sqlite3.connect(p.top / 'state/catalog.db')) as catalog:
        catalog.execute('CREATE TABLE somebody_elses (x)')
    equal(error(), errno.EEXIST)


def it_ends_soon_and_leaves_nothing_behind(p):
    p.write('[daemon]\nBandwidthMax=1M\n' + BOTH)
    p.file('small.sql', size=10)
    p.file('large.sql', size=100 << 20)
    with Daemon(p) as d:
        d.wait(lambda: any(name.startswith('.retaind-') and name != '.retaind-destination' for name in os.listdir(p.to)))
        time.sleep(0.5)
        seconds = d.end()
        equal([name for name in os.listdir(p.to) if name.startswith('.retaind')], ['.retaind-destination'])
        assert 'large.sql' not in backups(p.to)
        print(f'# ended after {seconds:.1f} s')
        assert seconds < 5, seconds


def it_says_that_it_lives(p):
    (p.top / 'run').mkdir()
    p.write(BOTH)
    with Daemon(p, env={'WATCHDOG_USEC': '900000', 'RUNTIME_DIRECTORY': str(p.top / 'run')}).ready() as d:
        d.wait(lambda: d.listen().count('WATCHDOG=1') >= 3)
        equal(os.listdir(p.top / 'run'), [])
        d.end()


def too_many_events_lose_nothing(p):
    limit = '/proc/sys/fs/inotify/max_queued_events'
    with open(limit, encoding='ascii') as f:
        before = f.read()
    p.write(BOTH)
    with open(limit, 'w', encoding='ascii') as f:
        f.write('16')
    try:
        with Daemon(p).ready() as d:
            d.process.send_signal(signal.SIGSTOP)
            for number in range(300):
                finish(p, f'{number}.sql')
            d.process.send_signal(signal.SIGCONT)
            d.wait(lambda: len(backups(p.to)) == 300)
            contains(d.lines(), 'more happened than the kernel could tell')
            d.end()
    finally:
        with open(limit, 'w', encoding='ascii') as f:
            f.write(before)


if __name__ == '__main__':
    main(what_is_finished_is_copied, what_is_open_waits, what_is_open_elsewhere_is_looked_at_again,
         what_changes_settles_first, what_comes_of_age_goes, a_reload_takes_all_or_nothing,
         a_reload_that_lets_too_much_go_is_held, a_source_that_comes_later, a_destination_that_comes_back_catches_up,
         what_failed_is_tried_again_whatever_comes_between, polling_finds_it_too, hours_are_kept,
         what_others_put_there_makes_no_room_for_removals,
         a_second_one_is_refused, why_it_does_not_begin_is_told, it_ends_soon_and_leaves_nothing_behind,
         it_says_that_it_lives, too_many_events_lose_nothing)
