#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The nth call fails, for every n, in the daemon and in its workers, in a small pass that does everything once.

Whatever fails: no partial name, no lost backup; and the passes after it complete all of it. Without
RETAIND_TEST_ROUNDS only every few n are tried."""

import os
import shutil
import sys

sys.argv, PRELOAD = [sys.argv[0], sys.argv[1]], os.path.realpath(sys.argv[2])
import acting  # noqa: E402

CALLS = ('open', 'read', 'write', 'fsync', 'syncfs', 'rename', 'link', 'unlink', 'statx', 'fchown', 'fchmod', 'setxattr',
         'utimens', 'mkdir', 'ftruncate', 'mmap')
STRIDE = 1 if acting.LONG else 6


def make(p):
    world = acting.World(p)
    world.add('a', 0)
    os.setxattr(p.source / world.add('a', 1), 'user.note', b'1')
    for age in range(4):
        world.add('c', age)  # enough to be made durable all at once
    copied = world.add('a', 9)
    world.add('a', 9, suffix='.sha256')
    world.add('sub/b', 0)
    world.add('sub/b', 8)
    shutil.copy2(p.source / copied, p.to)
    p.write(p.conf.read_text().replace('KeepFor=5d', 'KeepFor=5d\nListing=@top@/from.log'))
    return world


def clear(p):
    for path in (p.source, p.to, p.top / 'state'):
        shutil.rmtree(path, ignore_errors=True)
    p.source.mkdir()
    p.to.mkdir()


def one(p, fault):
    """True if the fault fired."""
    clear(p)
    world = make(p)
    log = p.top / 'fault.log'
    log.unlink(missing_ok=True)
    result = world.run(LD_PRELOAD=PRELOAD, RETAIND_FAULT=fault, RETAIND_FAULT_LOG=str(log))
    assert result.returncode in (0, 1, 78), f'{fault}: {result}'
    world.check(fault)
    if result.returncode == 0:
        world.check_completed(fault)
    for _ in range(2):
        again = world.run()
    assert again.returncode == 0, f'{fault}: {again}'
    world.check_completed(fault)
    left = sorted(name for name in os.listdir(p.source) if name[0] != '.')
    assert len(left) == 7, f'{fault}: not completed: {left}'
    return log.exists() and b'FAULT' in log.read_bytes()


def fails(process, call):
    def test(p):
        n_fired = 0
        for error in ('EIO', 'ENOSPC', 'EINTR') + (('short',) if call in ('read', 'write') else ()):
            n = 1
            while one(p, f'{process}:{call}:{n}:{error}'):
                n_fired += 1
                n += STRIDE
        print(f'# {process}: {call}: {n_fired} faults')
    test.__name__ = f'{process}_{call}'
    return test


acting.harness.main(*(fails(process, call) for process in ('daemon', 'worker') for call in CALLS))
