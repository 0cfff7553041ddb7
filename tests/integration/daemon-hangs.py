#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must not stop the daemon: whatever does not answer, whatever there is too little of."""

import contextlib
import resource

from harness import Daemon, backups, main


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


if __name__ == '__main__':
    main(more_workers_than_descriptors_at_first)
