#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The script that retaind began as: list the source, remove what is older than 3 days, copy the rest, list the copies.

The age counts from the creation of a file, which nothing but time gives a file; so the source is an ext4 image, in
which debugfs sets it."""

import os
import re
import subprocess
import time

from harness import contains, equal, main

EXAMPLES = os.path.join(os.environ['SOURCE_ROOT'], 'conf/examples')
DAY = 86400


def call(*command, **more):
    subprocess.run(command, check=True, capture_output=True, **more)


class Image:
    """The source on a file system of its own, with files that were created so many days ago."""

    def __init__(self, p, files):
        self.p, self.path = p, p.top / 'image'
        call('truncate', '-s', '32M', self.path)
        call('mkfs.ext4', '-q', '-F', '-I', '256', self.path)
        self.mount()
        for name in files:
            p.file(name, '2026-11-20 10:00', 1024)
            os.chmod(p.source / name, 0o640)
        inodes = {name: os.stat(p.source / name).st_ino for name in files}
        self.close()
        commands = ''.join(f'set_inode_field <{inodes[name]}> crtime @{int(time.time() - days * DAY)}\n'
                           for name, days in files.items())
        call('debugfs', '-w', '-f', '-', self.path, input=commands.encode())
        self.mount()

    def mount(self):
        call('mount', '-o', 'loop', self.path, self.p.source)

    def close(self):
        call('umount', self.p.source)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def configure(p, example):
    text = open(f'{EXAMPLES}/{example}', encoding='utf-8').read()
    text = text.replace('/home/valcann/backupsFrom', str(p.source)).replace('/home/valcann/backupsTo', str(p.to))
    p.conf.write_text(text)
    contains(p.run('--check-config', f'--config={p.conf}').out, 'sets: 1, destinations: 1')


FILES = {'new.sql': 0.1, 'two-days.sql': 2, 'four-days.sql': 4, 'old.part': 30}


def backups(directory):
    return sorted(name for name in os.listdir(directory) if not name.startswith('.retaind') and name != 'lost+found')


def names_in(listing):
    return re.findall(r'^Name: (.*), Size: 1024 bytes, Created: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, '
                      r'Modified: 2026-11-20 10:00:00$', listing.read_text(), re.M)


def does_what_the_script_did(p):
    with Image(p, FILES):
        configure(p, 'valcann.conf')
        result = p.run('--once', f'--config={p.conf}')
        equal(result.status, 0)
        equal(backups(p.source), ['new.sql', 'two-days.sql'])
        equal(backups(p.to), ['new.sql', 'two-days.sql'])
        equal(os.stat(p.to / 'new.sql').st_mtime_ns, os.stat(p.source / 'new.sql').st_mtime_ns)
        equal(names_in(p.top / 'from.log'), ['new.sql', 'two-days.sql'])
        equal(names_in(p.top / 'to.log'), ['new.sql', 'two-days.sql'])
        contains(result.err, 'removed four-days.sql')
        contains(result.err, 'removed old.part')


def does_it_safely(p):
    with Image(p, FILES):
        configure(p, 'valcann-safe.conf')
        result = p.run('--once', f'--config={p.conf}')
        equal(result.status, 0)
        # Each name without a timestamp is a series of its own, whose newest stays.
        equal(backups(p.source), sorted(FILES))
        equal(backups(p.to), ['four-days.sql', 'new.sql', 'two-days.sql'])


main(does_what_the_script_did, does_it_safely)
