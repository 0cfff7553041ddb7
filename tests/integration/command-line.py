#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a person types, and what comes back: usage, help, exit codes, the plan without a configuration file."""

import os
import pty
import subprocess

from harness import RETAIND, contains, equal, main


def help_helps(p):
    result = p.run('--help')
    equal((result.status, result.err), (0, ''))
    for word in ('--once', '--dry-run', '--json', '--config=FILE', '--check-config', '--source=DIR', '--to=DIR',
                 '--keep-for=SPAN', '--version', 'Examples:', 'retaind.conf(5)'):
        contains(result.out, word)
    assert all(len(line) <= 110 for line in result.out.splitlines())


def version_is_a_number(p):
    result = p.run('--version')
    equal(result.status, 0)
    name, version = result.out.split()
    equal(name, 'retaind')
    assert version[0].isdigit()


def wrong_usage_is_2_and_says_what(p):
    for options, word in (
            (('--dry-run',), '--once'),
            (('--source=/x',), '--once'),
            (('--onec',), '--onec'),
            (('--once', 'extra'), 'extra'),
            (('--once', '--config'), '--config'),
            (('--once', '--to=/x'), '--source='),
            (('--once', '--now=2026-01-01'), '--dry-run'),
            (('--once', '--dry-run', '--now=tomorrow'), 'tomorrow'),
            (('--once', '--dry-run', '--now=2026-11-20-and-more'), '--now='),
            (('--once', '--dry-run', '--now=' + '1' * 100), '--now='),
            (('--check-config', '--once'), '--check-config'),
            (('--once', '--source=/x', '--config=/y'), '--config='),
    ):
        result = p.run(*options)
        equal(result.status, 2)
        equal(result.out, '')
        contains(result.err, word)
        contains(result.err, '--help')


def plans_without_a_configuration(p):
    p.file('db-2026-11-19.sql', '2026-11-19 00:00')
    p.file('db-2026-11-01.sql', '2026-11-01 00:00')
    os.link(p.source / 'db-2026-11-19.sql', p.to / 'db-2026-11-19.sql')
    result = p.run('--once', '--dry-run', '--json', '--now=2026-11-20T00:00:00Z', f'--source={p.source}',
                   f'--to={p.to}', '--keep-for=3d')
    equal(result.status, 0)
    plan = {item['file']: item for item in result.json()}
    equal(plan['db-2026-11-19.sql']['verdict'], 'keep')
    equal(plan['db-2026-11-19.sql']['reasons'], ['KeepFor'])
    equal(plan['db-2026-11-19.sql']['copy_to'], [])
    equal(plan['db-2026-11-01.sql']['verdict'], 'hold')
    equal(plan['db-2026-11-01.sql']['holds'], ['uncopied'])
    equal(plan['db-2026-11-01.sql']['copy_to'], ['destination'])
    equal(sorted(os.listdir(p.source)), ['db-2026-11-01.sql', 'db-2026-11-19.sql'])
    equal(os.listdir(p.to), ['db-2026-11-19.sql'])


def a_relative_source_and_a_bad_span(p):
    p.file('a.sql')
    result = p.run('--once', '--dry-run', '--source=from', cwd=p.top)
    equal(result.status, 0)
    contains(result.out, str(p.source))
    result = p.run('--once', '--dry-run', '--source=from', '--keep-for=3', cwd=p.top)
    equal(result.status, 78)
    contains(result.err, 'KeepFor')
    result = p.run('--once', '--dry-run', '--source=nowhere', cwd=p.top)
    equal(result.status, 2)
    contains(result.err, '--source=nowhere: No such file or directory')


def the_table_reads_at_one_look(p):
    p.file('db-2026-11-20.sql.gz', '2026-11-20 01:00', 2048)
    p.file('db-2026-10-01.sql.gz', '2026-10-01 01:00')
    p.file('db-2026-10-01.sql.gz.sha256', '2026-10-01 01:00')
    p.file('router.cfg', '2026-11-10 00:00')
    p.write('[set s]\nSource=@from@\nTimeZone=UTC\nKeepFor=3d\n')
    result = p.run('--once', '--dry-run', '--now=2026-11-20T12:00:00Z', f'--config={p.conf}')
    equal(result.status, 0)
    lines = [line.split() for line in result.out.splitlines()]
    assert ['keep', '12h', '2.0K', 'db-2026-11-20.sql.gz', 'KeepFor=3d'] in lines, result.out
    assert ['remove', '50d', '10B', 'db-2026-10-01.sql.gz', '+1', 'no', 'rule', 'keeps', 'it'] in lines, result.out
    contains(result.out, 'db-*.sql.gz\n')
    contains(result.out, 'without a timestamp')
    contains(result.out, 'held as newest: 1')
    contains(result.out, 'nothing was changed')
    assert '\033' not in result.out


def on_terminal(command, columns, env=None):
    """What the command prints on a terminal of so many columns."""
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 40, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ('COLUMNS', 'NO_COLOR')}
    process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL,
                               env={**environment, 'STATE_DIRECTORY': '/nonexistent', 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8', **(env or {})})
    os.close(slave)
    out = b''
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(master)
    equal(process.wait(), 0)
    return out.decode()


def a_terminal_gets_colour_and_its_width(p):
    import re
    p.file('2026-11-20-' + 'long-name-' * 20 + '.sql.gz')
    p.file('2026-11-20-' + '日本' * 30 + '.sql.gz')
    p.write('[set s]\nSource=@from@\nKeepFor=3d\nKeepLast=1\n')
    command = [RETAIND, '--once', '--dry-run', '--now=2026-11-20T12:00:00Z', f'--config={p.conf}']
    for columns in (80, 100, 200):
        out = on_terminal(command, columns)
        contains(out, '\033[')
        rows = [line for line in re.sub(r'\033\[[0-9]*m', '', out).splitlines() if line.startswith('  keep')]
        equal(len(rows), 2)
        for row in rows:
            width = sum(2 if ord(c) > 0x2e80 else 1 for c in row)
            assert width <= columns, (width, row)
            contains(row, '…')
    assert '\033[' not in on_terminal(command, 80, {'NO_COLOR': '1'})
    assert '\033[' not in on_terminal(command, 80, {'TERM': 'dumb'})


def a_full_disk_under_the_output_is_an_error(p):
    p.file('a.sql')
    p.write('[set s]\nSource=@from@\n')
    for options in (('--json',), ()):
        with open('/dev/full', 'wb') as full:
            process = subprocess.run([RETAIND, '--once', '--dry-run', f'--config={p.conf}', *options], stdout=full,
                                     stderr=subprocess.PIPE, check=False)
        equal(process.returncode, 1)
        assert process.stderr, 'it says nothing'


main(help_helps, version_is_a_number, wrong_usage_is_2_and_says_what, plans_without_a_configuration,
     a_relative_source_and_a_bad_span, the_table_reads_at_one_look, a_terminal_gets_colour_and_its_width,
     a_full_disk_under_the_output_is_an_error)
