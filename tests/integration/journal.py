#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Events in a real journal: a journald of our own, in a mount namespace of our own."""

import os
import sys

if 'RETAIND_TEST_NAMESPACE' not in os.environ:
    os.environ['RETAIND_TEST_NAMESPACE'] = 'yes'
    os.execvp('unshare', ['unshare', '--mount', '--propagation', 'unchanged', sys.executable, *sys.argv])

import contextlib  # noqa: E402
import glob  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import re  # noqa: E402
import signal  # noqa: E402
import sqlite3  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402

from harness import RETAIND, backups, contains, equal, main  # noqa: E402

SLOW = 120  # seconds until something that must happen counts as not happening

# In a chroot whose top is no mount point there is nothing to make private.
subprocess.run(['mount', '--make-rprivate', '/'], stderr=subprocess.DEVNULL, check=False)


class Journal:
    def __enter__(self):
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
        os.makedirs('/run/log/journal')
        # journald asks for the group of each process; a chroot may have none mounted.
        self.needs_cgroups = not os.path.ismount('/sys/fs/cgroup')
        if self.needs_cgroups:
            subprocess.run(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'], check=True)
        self.start()
        return self

    def start(self):
        self.process = subprocess.Popen(['/lib/systemd/systemd-journald'], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not os.path.exists('/run/systemd/journal/io.systemd.journal'):
            assert time.monotonic() < until and self.process.poll() is None, 'journald does not come up'
            time.sleep(0.02)

    def end(self):
        self.process.terminate()
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink('/run/systemd/journal/io.systemd.journal')

    def __exit__(self, *_):
        self.end()
        if self.needs_cgroups:
            subprocess.run(['umount', '/sys/fs/cgroup'], check=True)
        subprocess.run(['umount', '-l', '/run'], check=True)

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    @staticmethod
    def entries(*matches):
        subprocess.run(['journalctl', '--sync'], check=True)
        directory, = glob.glob('/run/log/journal/*')
        out = subprocess.run(['journalctl', f'--directory={directory}', '-o', 'json', *matches], check=True,
                             stdout=subprocess.PIPE).stdout
        return [json.loads(line) for line in out.splitlines()]


def fill(p):
    for day in (1, 2, 3):
        p.file(f'db-2026-10-0{day}.sql')
    p.file(b'db\xff\n-2026-10-01.sql')
    p.file(b'db\xff\n-2026-10-02.sql')
    p.write('[set s]\nSource=@from@\nKeepLast=1\nRemoveMax=100%\n[copy s/nas]\nTo=@to@\n')


def go(p):
    result = p.run('--once', '--json', f'--config={p.conf}')
    equal((result.status, result), (0, result))
    return result


def the_life_of_a_file(p):
    with Journal() as journal:
        fill(p)
        err = go(p).err
        assert 'removed' not in err, f'the journal has it, and standard error too: {err}'
        life = journal.entries('RETAIND_FILE=db-2026-10-01.sql')
        equal([entry['RETAIND_EVENT'] for entry in life], ['copied', 'removed'])
        copied, removed = life
        equal((copied['RETAIND_SET'], copied['RETAIND_DESTINATION'], copied['RETAIND_SIZE']), ('s', 'nas', '10'))
        equal(copied['RETAIND_SHA256'], hashlib.sha256(b'x' * 10).hexdigest())
        contains(removed['RETAIND_REASON'], 'not kept by KeepLast')
        assert int(removed['RETAIND_AGE_USEC']) > 0
        equal((copied['RETAIND_SERIES'], removed['RETAIND_SERIES']), ('db-*.sql', 'db-*.sql'))
        equal((removed['PRIORITY'], len(removed['MESSAGE_ID'])), ('5', 32))
        equal(len(journal.entries('RETAIND_EVENT=removed')), 3)
        equal(len({entry['RETAIND_EVENT_ID'] for entry in journal.entries('RETAIND_EVENT=removed')}), 3)


def what_was_not_told_is_told_again(p):
    with Journal() as journal:
        fill(p)
        go(p)
        with sqlite3.connect(p.top / 'state/catalog.db') as catalog:
            catalog.execute('UPDATE events SET boot = NULL')
        catalog.close()
        go(p)
        ids = [entry['RETAIND_EVENT_ID'] for entry in journal.entries('RETAIND_EVENT=removed')]
        equal((len(ids), len(set(ids))), (6, 3))
        go(p)
        equal(len(journal.entries('RETAIND_EVENT=removed')), 6)


def without_a_journal_it_is_text(p):
    fill(p)
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=True)
    try:
        err = go(p).err
    finally:
        subprocess.run(['umount', '-l', '/run'], check=True)
    contains(err, '<5>retaind: s: removed db-2026-10-01.sql')
    contains(err, 'db\\xff\\n-2026-10-01.sql')


class Daemon:
    def __init__(self, p):
        self.p = p
        with open(p.top / 'log', 'ab') as log:
            self.process = subprocess.Popen(
                [RETAIND, f'--config={p.conf}'], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, 'TZ': 'UTC', 'STATE_DIRECTORY': str(p.top / 'state')})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def wait(self, condition):
        until = time.monotonic() + SLOW
        while not condition():
            assert time.monotonic() < until and self.process.poll() is None, (self.p.top / 'log').read_text()
            time.sleep(0.1)

    def end(self):
        self.process.terminate()
        equal(self.process.wait(SLOW), 0)


def make_many(p, n):
    for number in range(n):
        (p.source / f'{number}.sql').write_bytes(b'x')


def untold(entries):
    """How many the entries say that were not told, in all and of each kind."""
    n, kinds = 0, {}
    for entry in entries:
        equal((entry['RETAIND_EVENT'], entry['PRIORITY'], len(entry['RETAIND_EVENT_ID'])), ('untold', '4', 32))
        total, _, each = entry['RETAIND_REASON'].partition(': ')
        n += int(total)
        for count, kind in re.findall(r'(\d+) ([a-z-]+)', each):
            kinds[kind] = kinds.get(kind, 0) + int(count)
    equal(n, sum(kinds.values()))
    return kinds


def in_order(entries):
    times = [int(entry['RETAIND_TIME_USEC']) for entry in entries]
    equal(times, sorted(times))


def a_stopped_journal_gets_all_in_order(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\n[copy s/nas]\nTo=@to@\n')
    with Journal() as journal, Daemon(p) as d:
        d.wait(lambda: journal.entries('RETAIND_EVENT=destination-new'))
        journal.stop()
        make_many(p, 2000)
        d.wait(lambda: len(backups(p.to)) == 2000)
        journal.go_on()
        d.wait(lambda: len(journal.entries('RETAIND_EVENT=copied')) == 2000)
        in_order(journal.entries('RETAIND_SET=s'))
        equal(len({entry['RETAIND_EVENT_ID'] for entry in journal.entries('RETAIND_EVENT=copied')}), 2000)
        equal(journal.entries('RETAIND_EVENT=untold'), [])
        d.end()


def what_a_stopped_journal_does_not_get_is_counted(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\n[copy s/nas]\nTo=@to@\n')
    with Journal() as journal, Daemon(p) as d:
        d.wait(lambda: journal.entries('RETAIND_EVENT=destination-new'))
        journal.stop()
        make_many(p, 6000)
        d.wait(lambda: len(backups(p.to)) == 6000)
        journal.go_on()
        d.wait(lambda: journal.entries('RETAIND_EVENT=untold'))
        # What comes now is told as before, behind what waited.
        (p.source / 'after.sql').write_bytes(b'x')
        d.wait(lambda: journal.entries('RETAIND_FILE=after.sql'))
        entries = journal.entries('_COMM=retaind', '+', 'RETAIND_EVENT=untold')
        in_order(entries)
        n_copied = sum(entry['RETAIND_EVENT'] == 'copied' for entry in entries)
        kinds = untold([entry for entry in entries if entry['RETAIND_EVENT'] == 'untold'])
        equal(n_copied + kinds['copied'], 6001)
        assert n_copied > 4096, n_copied
        contains((p.top / 'log').read_text(), '<4>retaind: the journal had no room for events, how many: ')
        d.end()


def a_journal_that_comes_back_is_used(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\n[copy s/nas]\nTo=@to@\n')
    with Journal() as journal, Daemon(p) as d:
        d.wait(lambda: journal.entries('RETAIND_EVENT=destination-new'))
        journal.end()
        (p.source / 'without.sql').write_bytes(b'x')
        d.wait(lambda: '<6>retaind: s: copied without.sql to nas' in (p.top / 'log').read_text())
        journal.start()
        (p.source / 'with.sql').write_bytes(b'x')
        d.wait(lambda: journal.entries('RETAIND_FILE=with.sql'))
        assert 'copied with.sql' not in (p.top / 'log').read_text()
        d.end()


def removals_are_told_at_the_next_start(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\nKeepLast=1\nRemoveMax=100%\n')
    for number in range(800):
        p.file(f'db-{2000 + number // 300}-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}.sql')
    n = len(backups(p.source)) - 1
    with Journal() as journal:
        journal.stop()
        err = go(p).err
        equal(len(backups(p.source)), 1)
        n_left = int(re.search('the journal did not take the last ([0-9]+) events', err).group(1))
        journal.go_on()
        equal(len(journal.entries('RETAIND_EVENT=removed')) + n_left, n + 1)  # pass-done is not told either
        assert n_left > 1, err
        equal(go(p).err, '')
        ids = [entry['RETAIND_EVENT_ID'] for entry in journal.entries('RETAIND_EVENT=removed')]
        equal((len(ids), len(set(ids))), (n, n))
        go(p)
        equal(len(journal.entries('RETAIND_EVENT=removed')), n)


main(the_life_of_a_file, what_was_not_told_is_told_again, without_a_journal_it_is_text,
     a_stopped_journal_gets_all_in_order, what_a_stopped_journal_does_not_get_is_counted,
     a_journal_that_comes_back_is_used, removals_are_told_at_the_next_start)
