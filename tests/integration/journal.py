#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Events in a real journal: a journald of our own, in a mount namespace of our own."""

import os
import sys

if 'RETAIND_TEST_NAMESPACE' not in os.environ:
    os.environ['RETAIND_TEST_NAMESPACE'] = 'yes'
    os.execvp('unshare', ['unshare', '--mount', '--propagation', 'unchanged', sys.executable, *sys.argv])

import glob  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import sqlite3  # noqa: E402
import subprocess  # noqa: E402
import time  # noqa: E402

from harness import contains, equal, main  # noqa: E402


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
        self.process = subprocess.Popen(['/lib/systemd/systemd-journald'], stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not os.path.exists('/run/systemd/journal/io.systemd.journal'):
            assert time.monotonic() < until and self.process.poll() is None, 'journald does not come up'
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        if self.needs_cgroups:
            subprocess.run(['umount', '/sys/fs/cgroup'], check=True)
        subprocess.run(['umount', '-l', '/run'], check=True)

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


main(the_life_of_a_file, what_was_not_told_is_told_again, without_a_journal_it_is_text)
