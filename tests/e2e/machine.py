# SPDX-License-Identifier: MIT
"""A machine of our own to install into: systemd, booted in a container on an overlay over this machine's files.

All mounts are in a mount namespace of ours, and what is written is in memory: with this process nothing of it is left.
"""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SLOW = 120  # seconds until something that must happen counts as not happening
# A container has none of its own accord, a machine does.
LANDLOCK = 'landlock_create_ruleset landlock_add_rule landlock_restrict_self'


def enter_namespace():
    """Starts this program again where its mounts are nobody else's, and no process of its own outlives it."""
    if 'RETAIND_TEST_NAMESPACE' not in os.environ:
        os.environ['RETAIND_TEST_NAMESPACE'] = 'yes'
        os.execvp('unshare', ['unshare', '--mount', '--propagation', 'unchanged', '--pid', '--fork', '--kill-child',
                              sys.executable, *sys.argv])
    # In a chroot whose top is no mount point there is nothing to make private.
    subprocess.run(['mount', '--make-rprivate', '/'], stderr=subprocess.DEVNULL, check=False)
    call('mount', '-t', 'proc', 'proc', '/proc')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('asked to end'))


def call(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


class Result:
    def __init__(self, process):
        self.status, self.out = process.returncode, process.stdout.decode(errors='surrogateescape')

    def __repr__(self):
        return f'status {self.status}\n{self.out}'


class Machine:
    def __init__(self, source):
        self.source = source
        self.leader = None
        self.cleanup = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as self.cleanup:
            self.prepare()
            self.boot()
            self.cleanup = self.cleanup.pop_all()
        return self

    def __exit__(self, *_):
        self.cleanup.close()

    def mount(self, *arguments):
        call('mount', *arguments)
        self.cleanup.callback(call, 'umount', '-l', arguments[-1])

    def prepare(self):
        top = Path(tempfile.mkdtemp(prefix='retaind-test-'))
        self.cleanup.callback(os.rmdir, top)
        self.mount('-t', 'tmpfs', 'tmpfs', str(top))
        # What nspawn notes there about its container is not of interest to this machine.
        self.mount('-t', 'tmpfs', 'tmpfs', '/run')
        for name in ('disk', 'cgroup', 'root'):
            (top / name).mkdir()
        with open(top / 'image', 'wb') as f:
            f.truncate(4 << 30)
        # XFS, for it shares blocks; tmpfs has no attributes before Linux 6.6.
        call('mkfs.xfs', '-q', str(top / 'image'))
        self.mount('-o', 'loop', str(top / 'image'), str(top / 'disk'))
        for name in ('upper', 'work', 'srv', 'mnt'):
            (top / 'disk' / name).mkdir()
        self.mount('-t', 'overlay', 'overlay', '-o',
                   f'lowerdir=/,upperdir={top}/disk/upper,workdir={top}/disk/work', str(top / 'root'))
        self.mount('-t', 'cgroup2', 'cgroup2', str(top / 'cgroup'))
        self.top, self.root = top, top / 'root'
        # Of this machine, and not of the new one.
        for path in ('etc/retaind', 'var/lib/retaind', 'var/log/journal'):
            shutil.rmtree(self.root / path, ignore_errors=True)

    def join_cgroup(self):
        """Of its own, for the container makes cgroups where it is."""
        own = self.top / 'cgroup' / self.top.name
        own.mkdir()

        def remove():
            # On a machine with both versions nspawn makes them in the old one too.
            with open('/proc/self/mountinfo', encoding='utf-8') as f:
                tops = re.findall(r'^\S+ \S+ \S+ \S+ (\S+) .* - cgroup2? ', f.read(), re.MULTILINE)
            for top in tops:
                for path, _, _ in os.walk(os.path.join(top, own.name), topdown=False):
                    os.rmdir(path)
        self.cleanup.callback(remove)
        return str(own / 'cgroup.procs')

    def boot(self):
        procs = self.join_cgroup()
        ready = self.cleanup.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        ready.bind(str(self.top / 'notify'))
        ready.settimeout(SLOW)

        def begin():
            with open(procs, 'w', encoding='ascii') as f:
                f.write(str(os.getpid()))

        self.console = open(self.top / 'console', 'wb+')  # pylint: disable=consider-using-with
        self.cleanup.callback(self.console.close)
        self.nspawn = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            ['systemd-nspawn', '--quiet', f'--directory={self.root}', '--machine=retaind-test',
             '--boot', '--register=no', '--keep-unit', '--private-network', '--link-journal=no', '--console=pipe',
             '--notify-ready=yes', f'--system-call-filter={LANDLOCK}', f'--bind-ro={self.source}:/run/source',
             f'--bind={self.top}/disk/srv:/srv', f'--bind={self.top}/disk/mnt:/mnt', 'systemd.unit=basic.target'],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=self.console, preexec_fn=begin,
            env={**os.environ, 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY': '1', 'NOTIFY_SOCKET': str(self.top / 'notify')})
        self.cleanup.callback(self.power_off)
        told = ''
        try:
            while 'READY=1' not in told.splitlines():
                told += ready.recv(8192).decode() + '\n'
                assert 'STOPPING=1' not in told.splitlines()
        except (AssertionError, TimeoutError) as e:
            raise AssertionError(f'it does not boot: {told}\n{(self.top / "console").read_text()}') from e
        self.leader = re.search(r'^X_NSPAWN_LEADER_PID=(\d+)$', told, re.MULTILINE).group(1)

    def power_off(self):
        if self.leader and self.nspawn.poll() is None:
            os.kill(int(self.leader), signal.SIGKILL)
        else:
            self.nspawn.kill()
        # The first process of a namespace has to reap who lost its parent, and a container's end waits for that.
        while self.nspawn.poll() is None:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, os.WNOHANG)
            time.sleep(0.01)

    def run(self, *command, env=()):
        """What it prints, on both, in one."""
        return Result(subprocess.run(
            ['nsenter', '-t', self.leader, '-a', '--', 'env', '--chdir=/', '-i', 'PATH=/usr/bin:/bin:/usr/sbin:/sbin',
             'LANG=C.UTF-8', 'TZ=UTC', *env, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False))

    def do(self, *command):
        """What must end well; returns what it printed."""
        result = self.run(*command)
        assert result.status == 0, f'{shlex.join(command)}: {result}'
        return result.out

    def path(self, inside):
        """Where a file of the machine is for us; not for what is in /run or /tmp."""
        top, _, rest = inside.lstrip('/').partition('/')
        return self.top / 'disk' / top / rest if top in ('srv', 'mnt') else self.root / inside.lstrip('/')

    def write(self, path, content):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_bytes(content if isinstance(content, bytes) else content.encode())

    def wait(self, condition, what):
        end = time.monotonic() + SLOW
        while not (found := condition()):
            assert time.monotonic() < end, f'{what}\n{self.run("journalctl", "-b", "-u", "retaind", "-n", "60")}'
            time.sleep(0.05)
        return found
