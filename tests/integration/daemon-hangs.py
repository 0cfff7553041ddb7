#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not stop the daemon: whatever does not answer, whatever there is too little of."""

import contextlib
import os
import resource
import signal
import subprocess
import time

from harness import SLOW, Daemon, backups, contains, equal, go, main

# To look for leaks, every thread is stopped first; one that waits for a disk cannot be.
NO_LEAKS = {'ASAN_OPTIONS': os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'}
BOTH = '[set s]\nSource=@from@\nSettle=0s\n[copy s/a]\nTo=@to@\n'


@contextlib.contextmanager
def silent_disk(p):
    """A file system at disk/ that answers nothing until it is told to go on; its files lie in backing/."""
    for name in ('backing', 'disk'):
        (p.top / name).mkdir()
    process = subprocess.Popen(['bindfs', '-f', p.top / 'backing', p.top / 'disk'], stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + SLOW
        while not os.path.ismount(p.top / 'disk'):
            assert time.monotonic() < end and process.poll() is None, 'bindfs does not come up'
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        subprocess.run(['umount', '-l', p.top / 'disk'], check=True)
        process.wait()


@contextlib.contextmanager
def few_descriptors(n):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (n, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def more_workers_than_descriptors_at_first(p):
    n = 20
    text = ''
    for i in range(n):
        for name in (f'from{i}', f'to{i}'):
            (p.top / name).mkdir()
        p.file(p.top / f'from{i}/a.sql')
        text += f'[set s{i}]\nSource=@top@/from{i}\nSettle=0s\n[copy s{i}/a]\nTo=@top@/to{i}\n'
    p.write(text)
    with few_descriptors(64):
        d = Daemon(p)
    with d.ready():
        d.wait(lambda: all(backups(p.top / f'to{i}') == ['a.sql'] for i in range(n)))
        d.end()
        assert 'Too many open files' not in d.lines(), d.lines()


def fill(pipe):
    """Until not a byte more goes in. The writer's end is shared, so it is to be left as it was."""
    os.set_blocking(pipe, False)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(pipe, b'x' * size)
    os.set_blocking(pipe, True)


def read_all(pipe):
    text = b''
    with contextlib.suppress(BlockingIOError):
        while True:
            text += os.read(pipe, 65536)
    return text.decode().lstrip('x')


def a_standard_error_that_nobody_reads(p):
    p.write(BOTH)
    p.file('a.sql')
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    fill(writer)
    with Daemon(p, out=writer).ready() as d:
        d.wait(lambda: backups(p.to) == ['a.sql'])
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: d.listen().count('READY=1') == 2)
        assert os.get_blocking(writer), 'it is changed for all who share it'
        read_all(reader)
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: d.listen().count('READY=1') == 3)
        said = read_all(reader)
        contains(said, 'nobody read standard error; lines that were lost: ')
        contains(said, 'the configuration was read again')
        fill(writer)
        d.end()
    os.close(reader)
    os.close(writer)


def two_sets_with_listings(p):
    (p.top / 'other').mkdir()
    p.write(BOTH.replace('To=@to@', 'To=@to@\nListing=@top@/disk/list') +
            '[set o]\nSource=@top@/other\nSettle=0s\nListing=@top@/list\n')
    p.file('a.sql')
    p.file(p.top / 'other/b.sql')


def a_listing_on_a_silent_disk(p):
    two_sets_with_listings(p)
    with silent_disk(p) as disk, Daemon(p, '--patience=3s', env=NO_LEAKS).ready() as d:
        d.wait(lambda: backups(p.to) == ['a.sql'] and (p.top / 'list').exists())
        d.wait(lambda: 'did not answer for 3s' in d.lines())
        p.file('c.sql')
        p.file(p.top / 'other/d.sql')
        d.wait(lambda: 'c.sql' in backups(p.to))
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: '2 sets, 2 of them as before' in d.lines())
        equal(os.listdir(p.top / 'backing'), [])
        disk.send_signal(signal.SIGCONT)
        d.wait(lambda: f's: wrote the listing {p.top}/disk/list' in d.lines())
        contains((p.top / 'backing/list').read_text(), 'Name: a.sql, ')
        equal(os.listdir(p.top / 'backing'), ['list'])
        equal(d.lines().count('its disk did not answer'), 1)
        d.end()


def a_silent_disk_does_not_keep_it_from_ending(p):
    two_sets_with_listings(p)
    with silent_disk(p), Daemon(p, env=NO_LEAKS).ready() as d:
        d.wait(lambda: (p.top / 'list').exists())
        d.end()


def a_single_pass_waits_with_patience(p):
    two_sets_with_listings(p)
    with silent_disk(p) as disk:
        result = p.run('--once', '--patience=3s', f'--config={p.conf}', env=NO_LEAKS, timeout=SLOW)
        equal(result.status, 1)
        contains(result.err, f's: the listing {p.top}/disk/list cannot be written: its disk did not answer for 3s')
        contains((p.top / 'list').read_text(), 'Name: b.sql, ')
        disk.send_signal(signal.SIGCONT)
        go(p)
        contains((p.top / 'backing/list').read_text(), 'Name: a.sql, ')


def a_listing_that_fails_is_tried_again(p):
    """At the next change; by a reload, or it would be in a minute."""
    p.write(BOTH.replace('To=@to@', 'To=@to@\nListing=@top@/later/list'))
    p.file('a.sql')
    with Daemon(p).ready() as d:
        d.wait(lambda: f'cannot write the listing {p.top}/later/list: No such file' in d.lines())
        (p.top / 'later').mkdir()
        p.write(p.conf.read_text().replace('Settle=0s', 'Settle=0s\nKeepLast=7'))
        d.process.send_signal(signal.SIGHUP)
        d.wait(lambda: (p.top / 'later/list').exists())
        d.end()


if __name__ == '__main__':
    main(more_workers_than_descriptors_at_first, a_standard_error_that_nobody_reads, a_listing_on_a_silent_disk,
         a_silent_disk_does_not_keep_it_from_ending, a_single_pass_waits_with_patience,
         a_listing_that_fails_is_tried_again)
