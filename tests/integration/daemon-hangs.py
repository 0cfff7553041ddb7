#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not stop the daemon: whatever does not answer, whatever there is too little of."""

import contextlib
import os
import resource
import signal

from harness import Daemon, backups, contains, main

BOTH = '[set s]\nSource=@from@\nSettle=0s\n[copy s/a]\nTo=@to@\n'


@contextlib.contextmanager
def few_descriptors(n):
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (n, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def more_workers_than_descriptors_at_first(p):
    n = 30
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


if __name__ == '__main__':
    main(more_workers_than_descriptors_at_first, a_standard_error_that_nobody_reads)
