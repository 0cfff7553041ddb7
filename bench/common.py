# SPDX-License-Identifier: MIT
"""What the benchmarks of the running daemon share: places, directories watched by inotify, what /proc tells.

Whoever uses this has RETAIND as its first argument, as the integration tests have."""

import contextlib
import ctypes
import os
import platform
import select
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '../tests/integration'))
from harness import RETAIND, Daemon, Place  # noqa: E402, F401

IN_CLOSE_WRITE, IN_MOVED_FROM, IN_MOVED_TO, IN_DELETE = 0x8, 0x40, 0x80, 0x200
LONG = 3600  # seconds; a million copies take their time


@contextlib.contextmanager
def places():
    """Makes places by name; all are removed at the end, because ext4 is slow after many removals."""
    top = os.path.realpath(tempfile.mkdtemp(prefix='retaind-bench-', dir=os.environ.get('BENCH_DIR')))

    def make(name):
        os.mkdir(f'{top}/{name}')
        return Place(f'{top}/{name}')

    try:
        yield make
    finally:
        shutil.rmtree(top)


def first_line(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()[0]


def say_machine(*peers):
    """What a result depends on that is not ours."""
    directory = os.environ.get('BENCH_DIR') or tempfile.gettempdir()
    limits = []
    for name in ('max_queued_events', 'max_user_watches'):
        with open(f'/proc/sys/fs/inotify/{name}', encoding='ascii') as f:
            limits.append(f'{name} {f.read().strip()}')
    print(f'Linux {platform.release()}, {os.cpu_count()} processors, '
          f'{first_line("findmnt", "-n", "-o", "FSTYPE", "-T", directory)}, {", ".join(limits)}')
    print('; '.join((first_line(RETAIND, '--version'), *peers)), flush=True)


class Names:
    """The names that come to a directory, or leave it."""

    def __init__(self, directory, mask):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        self.directory = directory
        if self.fd < 0 or libc.inotify_add_watch(self.fd, os.fsencode(directory), mask) < 0:
            raise OSError(ctypes.get_errno(), 'inotify', str(directory))
        self.poll = select.poll()
        self.poll.register(self.fd, select.POLLIN)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def wait(self, name, clock=time.monotonic, is_it=lambda path: True, seconds=300):
        """When something happened to the name, by that clock."""
        end = time.monotonic() + seconds
        while self.poll.poll(max(0, end - time.monotonic()) * 1000):
            now = clock()
            data, at = os.read(self.fd, 1 << 16), 0
            while at < len(data):
                size = struct.unpack_from('iIII', data, at)[3]
                got = data[at + 16:at + 16 + size].rstrip(b'\0')
                at += 16 + size
                if got == os.fsencode(name) and is_it(f'{self.directory}/{name}'):
                    return now
        raise TimeoutError(f'{self.directory}/{name}: nothing in {seconds} s')


def is_at_rest(daemon):
    """No pass is under way, by what it told."""
    return daemon.status() and 'first look' not in daemon.status() and 'at work' not in daemon.status()


def children(pid):
    """The workers of a daemon."""
    found = []
    for task in os.listdir(f'/proc/{pid}/task'):
        with contextlib.suppress(FileNotFoundError), open(f'/proc/{pid}/task/{task}/children', encoding='ascii') as f:
            found += [int(child) for child in f.read().split()]
    return found


def calm(*daemons, seconds=2):
    """Waits until all were at rest and without workers for so long; what they tell is read meanwhile."""
    since, end = time.monotonic(), time.monotonic() + LONG
    while time.monotonic() < since + seconds:
        assert time.monotonic() < end, [(daemon.status(), children(daemon.process.pid)) for daemon in daemons]
        time.sleep(0.1)
        for daemon in daemons:
            assert daemon.process.poll() is None, daemon.lines()[-2000:]
            if not is_at_rest(daemon) or children(daemon.process.pid):
                since = time.monotonic()


def milliseconds(what, seconds):
    """A line about these times."""
    if not seconds:
        return f'  {what:32} none'
    return (f'  {what:32} median {statistics.median(seconds) * 1000:8.2f} ms   '
            f'worst {max(seconds) * 1000:8.2f} ms   of {len(seconds)}')


def ratios(what, ours, theirs):
    """A line about ours and theirs, pair by pair."""
    pairs = sorted((a / b, a, b) for a, b in zip(ours, theirs))
    worst, a, b = pairs[-1]
    return (f'  {what:32} median {statistics.median(pair[0] for pair in pairs):8.2f}      '
            f'worst {worst:8.2f} ({a * 1000:.2f} ms against {b * 1000:.2f} ms)')
