#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of a pass and all its workers at random instants of a pass over 2,000 files (200 of them with
RETAIND_TEST_ROUNDS, else 24): no partial name, no backup lost, the next pass completes, every removal is audited."""

import os
import random
import shutil
import signal
import subprocess
import time

import acting

KILLS, AT_A_TIME = (200, 5) if acting.LONG else (24, 4)


def make(p, n_files=2000):
    for path in (p.source, p.to, p.top / 'state'):
        shutil.rmtree(path, ignore_errors=True)
    p.source.mkdir()
    p.to.mkdir()
    world = acting.World(p)
    for i in range(n_files):
        world.add(f'db{i % (n_files // 20):03}', i // (n_files // 20), 4096)
    return world


def at_any_instant(p):
    random.seed(20261121)
    world = make(p)
    begun = time.monotonic()
    assert world.run().returncode == 0
    whole = time.monotonic() - begun
    kills = 0
    while kills < KILLS:
        world = make(p)
        for _ in range(AT_A_TIME):
            process = subprocess.Popen([acting.harness.RETAIND, '--once', '--json', f'--config={p.conf}'],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                       env={**os.environ, 'STATE_DIRECTORY': str(world.state)})
            time.sleep(random.uniform(0, whole))
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                kills += 1
            process.wait()
            world.check(f'kill {kills}')
        time.sleep(0.2)  # until the last worker has let go of the destination's lock
        for _ in range(2):
            result = world.run()
        assert result.returncode == 0, result
        world.check_completed(f'kill {kills}')
        n_left = len([name for name in os.listdir(p.source) if name[0] != '.'])
        assert n_left <= 600, f'{n_left} are left of 2000'
    print(f'# {kills} times, in passes of {whole:.2f} s')


def workers_of(pid):
    out = subprocess.run(['ps', '-o', 'pid=', '--ppid', str(pid)], stdout=subprocess.PIPE, check=False).stdout
    return [int(word) for word in out.split()]


def one_worker_dies(p):
    """The pass goes on without it, and ends; the next completes."""
    random.seed(20261122)
    n_died = 0
    for _ in range(60 if acting.LONG else 12):
        world = make(p, 300)
        process = subprocess.Popen([acting.harness.RETAIND, '--once', '--json', f'--config={p.conf}'],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env={**os.environ, 'STATE_DIRECTORY': str(world.state)})
        time.sleep(random.uniform(0, 0.12))
        workers = workers_of(process.pid)
        if workers:
            os.kill(random.choice(workers), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        assert process.returncode in (0, 1), err
        n_died += b'its worker died' in err
        world.check('a worker died')
        for _ in range(2):
            result = world.run()
        assert result.returncode == 0, result
        world.check_completed('a worker died')
    assert n_died > 0
    print(f'# {n_died} workers died')


acting.harness.main(at_any_instant, one_worker_dies)
