# SPDX-License-Identifier: MIT
"""What the tests that disturb a pass share: a small set with everything in it, and what must hold whatever happens."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'integration'))
import harness  # noqa: E402

DAY = 86400
LONG = bool(os.environ.get('RETAIND_TEST_ROUNDS'))


class World:
    """A source with series of several ages, and a destination; content by name is what nothing may ever change."""

    def __init__(self, p):
        self.p, self.content, self.now = p, {}, time.time()
        p.write('[set s]\nSource=@from@\nKeepFor=5d\nRemoveMax=100%\n[copy s/a]\nTo=@to@\n')
        self.state = p.top / 'state'

    def add(self, series, age, size=5000, suffix=''):
        name = f'{series}-{time.strftime("%Y-%m-%d", time.gmtime(self.now - age * DAY))}.gz{suffix}'
        path = self.p.file(name, size=0)
        self.content[name] = os.urandom(size)
        Path(os.fsdecode(path)).write_bytes(self.content[name])
        os.utime(path, (self.now - age * DAY - 7200,) * 2)
        return name

    def run(self, **env):
        return subprocess.run([harness.RETAIND, '--once', '--json', f'--config={self.p.conf}'], capture_output=True,
                              env={**os.environ, 'STATE_DIRECTORY': str(self.state), **env}, timeout=120, check=False)

    def check(self, what=''):
        """No partial name, and no backup whose content is not where it was or copied."""
        for directory, _, names in os.walk(self.p.to):
            for name in names:
                path = Path(directory, name)
                if not name.startswith('.retaind-'):
                    relative = str(path.relative_to(self.p.to))
                    assert path.read_bytes() == self.content.get(relative), f'{what}: {relative} is partial'
        for name, content in self.content.items():
            source, copy = self.p.source / name, self.p.to / name
            if source.exists():
                assert source.read_bytes() == content, f'{what}: {name} was changed'
            else:
                assert copy.exists(), f'{what}: {name} is lost'

    def check_completed(self, what=''):
        """And what a pass that was not disturbed must have brought about."""
        self.check(what)
        left = [name for _, _, names in os.walk(self.p.to) for name in names
                if name.startswith('.retaind-') and name != '.retaind-destination']
        assert not left, f'{what}: left at the destination: {left}'
        trash = self.p.source / '.retaind-trash'
        assert not trash.exists() or not os.listdir(trash), f'{what}: the trash is not empty'
        with sqlite3.connect(f'file:{self.state}/catalog.db?mode=ro', uri=True) as catalog:
            told = b''.join(row[0] for row in catalog.execute('SELECT data FROM events'))
        catalog.close()
        for name in self.content:
            assert (self.p.source / name).exists() or name.encode() in told, f'{what}: {name} went without an event'
