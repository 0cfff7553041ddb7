#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/quickstart on directories of one's own, at a real terminal: the plan, a question, and the daemon until Ctrl-C."""

import contextlib
import os
import pty
import re
import select
import shutil
import subprocess
import time

from harness import RETAIND, backups, contains, equal, main

SLOW = 60  # seconds until something that must happen counts as not happening
CTRL_C = b'\x03'


def quickstart(p):
    """The script, in a place where the program is built already."""
    here = p.top / 'retaind source'
    shutil.copytree(os.path.join(os.environ['SOURCE_ROOT'], 'tools'), here / 'tools')
    (here / 'build/daemon').mkdir(parents=True)
    (here / 'build/daemon/retaind').symlink_to(RETAIND)
    (here / 'build/build.ninja').write_text('build all: phony\n')
    return [str(here / 'tools/quickstart'), 'from', 'to', '3d']


class Terminal:
    """A process whose terminal this is."""

    def __init__(self, p, command):
        self.out = ''
        self.status = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(p.top)
            os.execve(command[0], command, {**os.environ, 'TERM': 'dumb', 'TZ': 'UTC'})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self):
        """False at the end."""
        if select.select([self.fd], [], [], 0.1)[0]:
            try:
                self.out += os.read(self.fd, 65536).decode()
            except OSError:
                return False
        return True

    def wait(self, condition):
        end = time.monotonic() + SLOW
        while not condition():
            assert self.read() and time.monotonic() < end, self.out
        return self

    def see(self, text):
        return self.wait(lambda: text in self.out)

    def type(self, keys):
        os.write(self.fd, keys)

    def end(self):
        while self.read():
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status


def still_running(p):
    """Processes that were started in this place, by their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            with open(f'/proc/{pid}/environ', 'rb') as f:
                if f'STATE_DIRECTORY={p.top}'.encode() in f.read():
                    found.append(pid)
    return found


def lines(terminal):
    """What the daemon said, without the line on progress and the echo of Ctrl-C."""
    said = re.sub(r'[^\n]*\x1b\[K|\^C', '', terminal.out.replace('\r\n', '\n'))
    return [line.removeprefix('retaind: ') for line in said.splitlines() if line.startswith('retaind: ')]


def stays_until_ctrl_c(p):
    command = quickstart(p)
    for day in (1, 2, 3):
        p.file(f'db-2026-11-0{day}.sql')
    with Terminal(p, command) as t:
        t.see('[y/N]').type(b'n\n')
        equal(t.end(), 0)
        contains(t.out, 'No backup was touched')
        equal(backups(p.to), [])
    # So that the test need not wait until a file has settled.
    conf, = p.top.glob('retaind-*/retaind.conf')
    conf.write_text(conf.read_text().replace('KeepFor', 'Settle=0s\nKeepFor'))
    with Terminal(p, command) as t:
        t.see('[y/N]').type(b'yes\n')
        t.see('Ctrl-C ends it')
        equal(backups(p.to), ['db-2026-11-01.sql', 'db-2026-11-02.sql', 'db-2026-11-03.sql'])
        equal(backups(p.source), ['db-2026-11-03.sql'])
        with open(p.source / 'wiki.tar', 'wb') as f:
            f.write(b'wiki')
        t.see('copied wiki.tar to destination')
        assert still_running(p)
        t.type(CTRL_C)
        equal(t.end(), 0)
        equal(still_running(p), [])
        said = lines(t)
        begin = said.index(f'backups: {p.source} (KeepFor=3d); copied to destination: {p.to} (all is kept)')
        watching = said.index('watching 1 set with 1 backup, 1 held; Ctrl-C ends it')
        for event in ('copied db-2026-11-01.sql to destination', 'removed db-2026-11-01.sql'):
            equal([begin < i < watching for i, line in enumerate(said) if line.startswith(f'backups: {event} ')], [True])
        equal(said[-2:], ['asked to end by Interrupt', 'ended'])
        equal(sum(line.startswith('watching') for line in said), 1)


def without_a_terminal_nothing_is_done(p):
    p.file('db-2026-11-01.sql')
    result = subprocess.run(quickstart(p), cwd=p.top, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    equal(result.returncode, 0)
    contains(result.stdout.decode(), 'copy 1 file')
    contains(result.stdout.decode(), '[no terminal to answer on: no]')
    equal((backups(p.to), still_running(p)), ([], []))


def a_reload_is_seen(p):
    (p.top / 'more').mkdir()
    p.write('[set s]\nSource=@from@\nSettle=0s\n')
    command = ['/usr/bin/env', f'STATE_DIRECTORY={p.top}/state', RETAIND, f'--config={p.conf}']
    with Terminal(p, command) as t:
        t.see('watching 1 set with 0 backups; Ctrl-C ends it')
        contains('\n'.join(lines(t)), f's: {p.source} (all is kept)')
        p.write('[set s]\nSource=@from@\nSettle=0s\n'
                '[set more]\nSource=@top@/more\nSettle=0s\nKeepLast=all\nKeepDaily=2\nKeepWithin=1y 2h\n'
                '[copy more/a]\nTo=@to@\n[copy more/b]\nTo=@top@/b\nKeepWeekly=3\n')
        os.kill(t.pid, 1)
        t.see('watching 2 sets with 0 backups')
        contains('\n'.join(lines(t)), f'more: {p.top}/more (KeepLast=all, KeepDaily=2, KeepWithin=1y 2h); '
                                      f'copied to a: {p.to} (all is kept), to b: {p.top}/b (KeepWeekly=3)')
        t.type(CTRL_C)
        equal(t.end(), 0)


def in_a_file_there_are_events_alone(p):
    p.write('[set s]\nSource=@from@\nSettle=0s\n[copy s/nas]\nTo=@to@\n')
    p.file('a.sql')
    with open(p.top / 'log', 'wb') as log:
        process = subprocess.Popen([RETAIND, f'--config={p.conf}'], stderr=log, stdin=subprocess.DEVNULL,
                                   env={**os.environ, 'STATE_DIRECTORY': str(p.top / 'state')})
        end = time.monotonic() + SLOW
        while backups(p.to) != ['a.sql']:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        process.send_signal(2)
        equal(process.wait(SLOW), 0)
    said = (p.top / 'log').read_text()
    contains(said, '<5>retaind: asked to end by Interrupt')
    for word in ('watching', 'all is kept', 'ended', '\033'):
        assert word not in said, said


main(stays_until_ctrl_c, without_a_terminal_nothing_is_done, a_reload_is_seen, in_a_file_there_are_events_alone)
