#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The daemon decides anew only on what changed. After any history, what it did must be what a pass over all would do.

For 20 seconds, or an hour with RETAIND_TEST_ROUNDS; RETAIND_TEST_SEED repeats a history."""

import os
import random
import sqlite3
import time

from harness import Daemon, backups, equal, main

SECONDS = 3600 if os.environ.get('RETAIND_TEST_ROUNDS') else 20
CONFIG = '''[set s]
Source=@from@
Settle=0s
KeepLast=3
KeepDaily=2
MinKeep=1
RemoveMax=100%
OnChange={on_change}
[copy s/a]
To=@to@
[copy s/b]
To=@top@/b
KeepLast=2
RemoveMax=100%
'''
ENDINGS = ['', '.sha256', '.asc', '.log', '.sha256.asc']


class Owner:
    """Who writes backups, and does with them whatever comes to mind."""

    def __init__(self, p, seed):
        self.p = p
        self.random = random.Random(seed)
        self.did = []

    def name(self):
        r = self.random
        base = r.choice(['db1', 'db2', 'vzdump-qemu-100', 'long' * 25])
        stamp = r.choice([f'-2026-10-{r.randint(1, 28):02d}', ''])
        kind = r.choice(['.sql.gz', '.vma.zst', '.tar'])
        ending = r.choice(ENDINGS)
        stem = base + stamp
        name = stem + ('.log' if ending == '.log' and r.random() < .5 else kind + ending)
        self.now.append(os.path.join(self.p.source, r.choice(['', 'one', 'one/two', 'three']), name))
        return self.now[-1]

    def some(self):
        found = [os.path.join(top, name) for top, _, names in os.walk(self.p.source) for name in names
                 if '.retaind' not in top and name != 'always']
        self.now.append(self.random.choice(found))
        return self.now[-1]

    def write(self):
        path = self.name()
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.exists(path) and os.stat(path).st_nlink > 1:
            os.unlink(path)
        with open(path, 'wb') as f:
            f.write(self.random.randbytes(self.random.randint(1, 3000)))

    def append(self):
        path = self.some()
        if os.stat(path).st_nlink == 1:  # of another name of the file inotify tells nothing
            with open(path, 'ab') as f:
                f.write(b'more')

    def rename(self):
        to = self.name()
        os.makedirs(os.path.dirname(to), exist_ok=True)
        os.rename(self.some(), to)

    def link(self):
        to = self.name()
        os.makedirs(os.path.dirname(to), exist_ok=True)
        os.link(self.some(), to)

    def remove(self):
        os.unlink(self.some())

    def touch(self):
        path = self.some()
        if os.stat(path).st_nlink == 1:
            os.utime(path)

    def rename_directory(self):
        a, b = (os.path.join(self.p.source, self.random.choice(['one', 'three', 'four', 'one/two'])) for _ in 'ab')
        os.rename(a, b)
        self.now += [a, b]

    def lose_copy(self):
        names = backups(self.p.to)
        os.unlink(os.path.join(self.p.to, self.random.choice(names)))

    def act(self):
        act = self.random.choice([self.write] * 6 + [self.append, self.rename, self.rename, self.link, self.remove,
                                                      self.touch, self.rename_directory])
        self.now = []
        try:
            act()
            self.did.append((act.__name__, *(os.path.relpath(path, self.p.source) for path in self.now)))
        except (OSError, TypeError, IndexError):
            pass


def settle(d):
    """Until nothing is said for a while: all that was to be done is done."""
    seen, since = -1, time.monotonic()
    while time.monotonic() - since < 2.5:
        if len(d.lines()) != seen:
            seen, since = len(d.lines()), time.monotonic()
        assert d.process.poll() is None, d.lines()
        time.sleep(0.05)


def check(p, d, owner):
    """A pass over all finds nothing to do, and every copy that counts is equal to its backup."""
    plan = p.run('--once', '--dry-run', '--json', f'--config={p.conf}')
    equal((plan.status, plan), (0, plan))
    todo = [item for item in plan.json() if item['verdict'] == 'remove' or item['copy_to']]
    for item in todo:
        print('# to be done:', item['file'], item['verdict'], item['reasons'], item['holds'], item['copy_to'])
        for line in d.lines().splitlines():
            if os.path.basename(item['file']) in line:
                print('#', line)
        for what in owner.did:
            if any(os.path.basename(item['file'])[:-9] in path for path in what[1:]) or what[0] == 'rename_directory':
                print('#   it was:', *what)
    equal(todo, [])
    catalog = sqlite3.connect(f'file:{p.top}/state/catalog.db?mode=ro', uri=True)
    rows = catalog.execute('SELECT b.path, c.path, name FROM copies AS c JOIN backups AS b ON backup_id = b.id JOIN '
                           'destinations AS t ON destination_id = t.id WHERE fate = 0 AND state = 3').fetchall()
    for backup, copy, name in rows:
        top = p.to if name == 'a' else p.top / 'b'
        with open(os.path.join(os.fsencode(p.source), backup), 'rb') as f, open(os.path.join(os.fsencode(top), copy), 'rb') as g:
            equal((backup, f.read() == g.read()), (backup, True))
    present = {os.fsdecode(path) for path, in catalog.execute('SELECT path FROM backups WHERE fate = 0')}
    there = {os.path.relpath(os.path.join(top, name), p.source) for top, _, names in os.walk(p.source)
             for name in names if '.retaind' not in top}
    equal((present - there, there - present), (set(), set()))
    catalog.close()


def any_history(p, on_change):
    seed = int(os.environ.get('RETAIND_TEST_SEED', random.randrange(1 << 32)))
    print(f'# seed {seed}, {SECONDS} s')
    (p.top / 'b').mkdir()
    p.write(CONFIG.format(on_change=on_change))
    owner = Owner(p, seed)
    p.file('always')  # an empty source is an alarm
    with Daemon(p).ready() as d:
        end = time.monotonic() + SECONDS / 2
        while time.monotonic() < end:
            for _ in range(owner.random.randint(1, 30)):
                owner.act()
                time.sleep(owner.random.choice([0, 0, 0.001, 0.03]))
            settle(d)
            check(p, d, owner)
        d.end()


def any_history_of_files_that_are_replaced(p):
    any_history(p, 'version')


def any_history_with_alarms(p):
    any_history(p, 'alarm')


if __name__ == '__main__':
    main(any_history_of_files_that_are_replaced, any_history_with_alarms)
