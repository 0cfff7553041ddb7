#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Copies, durable and verified, beside rsync: 20,000 files of 16 KiB, and 2 of 1 GiB.

In one run and by turns, to a fresh destination each time (ext4 looks through what was deleted in the last seconds at
each create, so all is deleted at the end); the first round warms up and is dropped. Prints the medians and each ratio
pair by pair. Asserts nothing: machines differ.

    copy.py RETAIND [ROUNDS]"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

OLD = 1_790_000_000


def make_small(top):
    for d in range(20):
        os.makedirs(f'{top}/host{d:02}')
        for i in range(1000):
            write(f'{top}/host{d:02}/db{i:04}-2026-11-01.sql.gz', 16384)


def make_large(top):
    os.mkdir(top)
    for name in ('a', 'b'):
        write(f'{top}/{name}-2026-11-01.img', 1 << 30)


def write(path, size):
    with open(path, 'wb') as f:
        for _ in range(0, size, 1 << 24):
            f.write(os.urandom(min(size, 1 << 24)))
    os.utime(path, (OLD, OLD))


class Peers:
    def __init__(self, retaind, top, source):
        self.retaind, self.top, self.source, self.n = retaind, top, source, 0

    def fresh(self, name):
        self.n += 1
        path = f'{self.top}/{os.path.basename(self.source)}-{name}-{self.n}'
        os.mkdir(path)
        return path

    def rsync(self, checksum):
        to = self.fresh('rsync')
        begun = time.monotonic()
        subprocess.run(['rsync', '-a', '--fsync', f'{self.source}/', to], check=True)
        if checksum:
            subprocess.run(['rsync', '-a', '-c', f'{self.source}/', to], check=True)
        return time.monotonic() - begun

    def run(self):
        to, state = self.fresh('to'), self.fresh('state')
        config = f'{state}/retaind.conf'
        with open(config, 'w', encoding='utf-8') as f:
            f.write(f'[set s]\nSource={self.source}\n[copy s/c]\nTo={to}\n')
        begun = time.monotonic()
        subprocess.run([self.retaind, '--once', '--json', f'--config={config}'], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, env={**os.environ, 'STATE_DIRECTORY': state})
        return time.monotonic() - begun


def compare(peers, what, rounds, checksum):
    pairs = [(peers.rsync(checksum), peers.run()) for _ in range(rounds + 1)][1:]
    ratios = [ours / theirs for theirs, ours in pairs]
    print(f'{what}: rsync --fsync{" and rsync -c" if checksum else ""} {statistics.median(p[0] for p in pairs):.2f} s, '
          f'retaind {statistics.median(p[1] for p in pairs):.2f} s; ratio: median {statistics.median(ratios):.2f}, '
          f'worst {max(ratios):.2f}')


def main():
    retaind = os.path.realpath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    top = os.path.realpath(tempfile.mkdtemp(prefix='retaind-bench-', dir=os.environ.get('BENCH_DIR')))
    try:
        print(f'{rounds} rounds by turns after one to warm up, {os.cpu_count()} processors')
        make_small(f'{top}/small')
        compare(Peers(retaind, top, f'{top}/small'), '20,000 files of 16 KiB', rounds, False)
        make_large(f'{top}/large')
        compare(Peers(retaind, top, f'{top}/large'), '2 files of 1 GiB', rounds, True)
    finally:
        shutil.rmtree(top)


if __name__ == '__main__':
    main()
