#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The listings: what the script that came before wrote, done right."""

import os
import re

from harness import contains, equal, main

CONFIG = ('[set s]\nSource=@from@\nTimeZone=UTC\nListing=@top@/from.log\n'
          '[copy s/nas]\nTo=@to@\nListing=@top@/to.log\n')


def once_writes_them_and_a_dry_run_does_not(p):
    p.file('db2.sql.gz', '2026-11-19 12:15:30', 1024)
    p.file('db1.sql.gz', '2026-11-18 10:30:45', 5)
    p.file('sub/a.sql', '2026-11-17 00:00')
    p.file(p.to / 'old.sql', '2026-01-01 00:00', 7)
    p.write(CONFIG)
    equal(p.run('--once', '--dry-run', f'--config={p.conf}').status, 0)
    assert not (p.top / 'from.log').exists() and not (p.top / 'to.log').exists()

    result = p.run('--once', f'--config={p.conf}')
    equal(result.status, 0)
    lines = (p.top / 'from.log').read_text().splitlines()
    equal(len(lines), 3)
    assert re.fullmatch(r'Name: db1\.sql\.gz, Size: 5 bytes, Created: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, '
                        r'Modified: 2026-11-18 10:30:45', lines[0]), lines[0]
    contains(lines[1], 'Name: db2.sql.gz, Size: 1024 bytes, Created: ')
    contains(lines[2], 'Name: sub/a.sql, ')
    contains((p.top / 'to.log').read_text(), 'Name: old.sql, Size: 7 bytes, ')
    for name in ('from.log', 'to.log'):
        equal(os.stat(p.top / name).st_mode & 0o7777, 0o640)
    equal(sorted(os.listdir(p.top)), ['from', 'from.log', 'retaind.conf', 'state', 'to', 'to.log'])


def in_portuguese(p):
    p.file('db1.sql.gz', '2026-11-18 10:30:45', 5)
    p.write('[daemon]\nLanguage=pt_BR\n' + CONFIG)
    result = p.run('--once', f'--config={p.conf}', env={'LC_ALL': 'C', 'LANGUAGE': 'en'})
    equal((result.status, 'warning' in result.err), (0, False))
    line = (p.top / 'from.log').read_text()
    assert re.fullmatch(r'Nome: db1\.sql\.gz, Tamanho: 5 bytes, Criado: \d.*, Modificado: 2026-11-18 10:30:45\n', line)


def a_language_that_is_not_there_is_said(p):
    p.write('[daemon]\nLanguage=tlh\n' + CONFIG)
    p.file('a')
    result = p.run('--once', f'--config={p.conf}')
    equal(result.status, 0)
    contains(result.err, 'tlh')
    contains((p.top / 'from.log').read_text(), 'Name: a, ')


def a_listing_in_the_source_is_no_backup(p):
    p.file('a.sql')
    p.write('[set s]\nSource=@from@\nListing=@from@/list.log\n')
    for _ in range(2):
        equal(p.run('--once', f'--config={p.conf}').status, 0)
        equal(len((p.source / 'list.log').read_text().splitlines()), 1)
    equal(list(p.plan()), ['a.sql'])


def nor_is_another_sets(p):
    (p.top / 'other').mkdir()
    p.file('a.sql')
    p.file(p.top / 'other/b.sql')
    p.write('[set s]\nSource=@from@\nListing=@top@/other/list.log\n[set o]\nSource=@top@/other\n')
    equal(p.run('--once', f'--config={p.conf}').status, 0)
    assert (p.top / 'other/list.log').exists()
    equal(sorted(p.plan()), ['a.sql', 'b.sql'])


def names_cannot_break_a_line(p):
    p.file(b'a\nName: forged\xff, \\.sql')
    p.write(CONFIG)
    equal(p.run('--once', f'--config={p.conf}').status, 0)
    lines = (p.top / 'from.log').read_text().splitlines()
    equal(len(lines), 1)
    contains(lines[0], 'Name: a\\nName: forged\\xff, \\\\.sql, Size')


def one_that_cannot_be_written_is_an_error(p):
    p.file('a.sql')
    p.write('[set s]\nSource=@from@\nListing=@top@/none/from.log\n')
    result = p.run('--once', f'--config={p.conf}')
    equal(result.status, 1)
    contains(result.err, f'{p.top}/none/from.log')


main(once_writes_them_and_a_dry_run_does_not, in_portuguese, a_language_that_is_not_there_is_said,
     a_listing_in_the_source_is_no_backup, nor_is_another_sets, names_cannot_break_a_line, one_that_cannot_be_written_is_an_error)
