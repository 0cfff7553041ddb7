# SPDX-License-Identifier: MIT
"""What the integration tests share: a temporary directory, the real program, and TAP."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

RETAIND = os.path.abspath(sys.argv[1])
NOW = '2026-11-20T12:00:00Z'
SLOW = 30  # seconds until something that must happen counts as not happening


def epoch(text):
    """Seconds since 1970 of '2026-11-20 12:00' in UTC."""
    from datetime import datetime, timezone
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


class Result:
    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout.decode(errors='surrogateescape')
        self.err = process.stderr.decode(errors='surrogateescape')

    def __repr__(self):
        return f'status {self.status}\nout: {self.out}\nerr: {self.err}'

    def json(self):
        return [json.loads(line) for line in self.out.splitlines()]


class Place:
    """A temporary directory with a source, a destination and a configuration."""

    def __init__(self, top):
        self.top = Path(top)
        self.source = self.top / 'from'
        self.to = self.top / 'to'
        self.source.mkdir()
        self.to.mkdir()
        self.conf = self.top / 'retaind.conf'

    def file(self, path, when='2026-11-01 00:00', size=10):
        """A file of that size, modified then; path is relative to the source, or absolute; str or bytes."""
        path = os.path.join(os.fsencode(self.source), os.fsencode(path))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as f:
            f.write(b'x' * size)
        os.utime(path, (epoch(when), epoch(when)))
        return path

    def write(self, text):
        self.conf.write_text(text.replace('@from@', str(self.source)).replace('@to@', str(self.to))
                             .replace('@top@', str(self.top)))
        return self

    def plan(self, *options, now=NOW, **more):
        """A dry run as JSON; must end well. Returns the backups by file."""
        result = self.run('--once', '--dry-run', '--json', f'--now={now}', f'--config={self.conf}', *options, **more)
        assert result.status == 0, result
        return {item['file']: item for item in result.json()}

    def run(self, *options, env=None, cwd=None, stdin=None, timeout=None):
        return Result(subprocess.run([RETAIND, *options], capture_output=True, cwd=cwd, stdin=stdin, timeout=timeout,
                                     env={**os.environ, 'TZ': 'UTC', 'STATE_DIRECTORY': str(self.top / 'state'),
                                          **(env or {})}, check=False))


class Daemon:
    """Runs until the end of the story; what it tells the service manager is in told."""

    def __init__(self, p, *options, env=None, out=None):
        self.p = p
        self.log = p.top / 'log'
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = p.top / 'notify'
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.told = ''
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(
                [RETAIND, f'--config={p.conf}', *options], stdout=out or log, stderr=out or log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, 'TZ': 'UTC', 'STATE_DIRECTORY': str(p.top / 'state'), 'NOTIFY_SOCKET': str(path),
                     **(env or {})})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()

    def listen(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.told += self.socket.recv(8192).decode() + '\n'
        return self.told

    def lines(self):
        return self.log.read_text(errors='surrogateescape')

    def wait(self, condition, what='', seconds=SLOW):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f'{what or condition}\n{self.lines()}\n{self.listen()}'
            assert self.process.poll() is None, f'it ended with {self.process.poll()}\n{self.lines()}'
            time.sleep(0.01)

    def status(self):
        """The last that it told; empty before the first."""
        _, told, text = self.listen().rpartition('STATUS=')
        return text.splitlines()[0] if told else ''

    def ready(self, seconds=SLOW):
        self.wait(lambda: 'READY=1' in self.listen(), 'READY=1')
        self.wait(lambda: self.status() and 'first look' not in self.status(), 'looked', seconds)
        return self

    def end(self, how=signal.SIGTERM):
        begin = time.monotonic()
        self.process.send_signal(how)
        equal(self.process.wait(SLOW), 0)
        return time.monotonic() - begin


@contextlib.contextmanager
def place():
    top = os.path.realpath(tempfile.mkdtemp(prefix='retaind-test-'))
    try:
        yield Place(top)
    finally:
        shutil.rmtree(os.fsencode(top))


def equal(got, expected):
    assert got == expected, f'got {got!r}, expected {expected!r}'


def contains(text, part):
    assert part in text, f'{part!r} is not in:\n{text}'


def go(p, *options, status=0):
    """A pass with the place's configuration, which must end with that status."""
    result = p.run('--once', f'--config={p.conf}', *options)
    equal((result.status, result), (status, result))
    return result


def backups(directory):
    """The names there that are not our own."""
    return sorted(name for name in os.listdir(directory) if not name.startswith('.retaind') and name != 'lost+found')


def main(*tests):
    print(f'1..{len(tests)}')
    failed = False
    for number, test in enumerate(tests, 1):
        name = test.__name__.replace('_', ' ')
        try:
            with place() as p:
                test(p)
            print(f'ok {number} - {name}')
        except Exception:
            failed = True
            print(f'not ok {number} - {name}')
            for line in traceback.format_exc().splitlines():
                print(f'# {line}')
        sys.stdout.flush()
    sys.exit(failed)
