#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration as the program takes it: good, bad, in pieces, and from where systemd says."""

import os

from harness import contains, equal, main


def a_good_one_is_good(p):
    p.write('[set s]\nSource=@from@\nKeepFor=3d\n\n[copy s/nas]\nTo=@to@\n')
    result = p.run('--check-config', f'--config={p.conf}')
    equal((result.status, result.err), (0, ''))
    contains(result.out, 'sets: 1, destinations: 1')


def all_problems_at_once_and_nothing_touched(p):
    p.file('db-2026-11-01.sql')
    p.write('[set s]\nSource=@from@\nKeepDayly=7\nKeepFor=3\nListing=@top@/list.log\n\n[copy t/nas]\nTo=relative\n')
    for options in (('--check-config',), ('--once',), ('--once', '--dry-run')):
        result = p.run(*options, f'--config={p.conf}')
        equal(result.status, 78)
        equal(result.out, '')
        for word in (f'{p.conf}:3:', 'KeepDayly', 'did you mean KeepDaily=?', f'{p.conf}:4:', f'{p.conf}:7:',
                     f'{p.conf}:8:'):
            contains(result.err, word)
    equal(sorted(os.listdir(p.top)), ['from', 'retaind.conf', 'to'])


def a_missing_one_is_named(p):
    result = p.run('--once', f'--config={p.top}/none.conf')
    equal(result.status, 78)
    contains(result.err, f'{p.top}/none.conf')


def systemd_says_where(p):
    etc = p.top / 'etc'
    (etc / 'conf.d').mkdir(parents=True)
    (etc / 'retaind.conf').write_text(f'[set s]\nSource={p.source}\nKeepLast=1\n')
    (etc / 'conf.d/10-more.conf').write_text(f'[set s]\nKeepLast=2\n[copy s/nas]\nTo={p.to}\n')
    (etc / 'conf.d/20-other').write_text('not read')
    for n in (1, 2, 3):
        p.file(f'db-2026-11-0{n}.sql')
    result = p.run('--once', '--dry-run', '--json', env={'CONFIGURATION_DIRECTORY': str(etc)})
    equal((result.status, result.err.count('error')), (0, 0))
    plan = {item['file']: item['reasons'] for item in result.json()}
    equal(plan['db-2026-11-02.sql'], ['KeepLast'])
    equal(plan['db-2026-11-01.sql'], ['no-rule-keeps-it'])
    (etc / 'conf.d/30-bad.conf').write_text('[set s]\nKeepLast=many\n')
    result = p.run('--check-config', env={'CONFIGURATION_DIRECTORY': str(etc)})
    equal(result.status, 78)
    contains(result.err, '30-bad.conf:2:')


def writable_by_others_is_a_warning(p):
    p.write('[set s]\nSource=@from@\n')
    os.chmod(p.conf, 0o666)
    result = p.run('--check-config', f'--config={p.conf}')
    equal(result.status, 0)
    contains(result.err, 'warning')
    contains(result.err, 'chmod')


def the_shipped_file_says_how_to_begin(p):
    shipped = os.path.join(os.environ['SOURCE_ROOT'], 'conf/retaind.conf')
    result = p.run('--check-config', f'--config={shipped}')
    equal(result.status, 78)
    contains(result.err, '[set')

def what_will_do_nothing_is_said(p):
    p.file('plain')
    p.write('[set s]\nSource=@from@/nowhere\n[copy s/a]\nTo=@from@/plain\n[set t]\nSource=@to@\n')
    result = p.run('--check-config', f'--config={p.conf}')
    equal(result.status, 0)
    contains(result.out, 'valid, with warnings')
    for words in ('nowhere: No such file', 'plain: it is no directory', 't: it has no Keep'):
        contains(result.err, words)


main(what_will_do_nothing_is_said, a_good_one_is_good, all_problems_at_once_and_nothing_touched, a_missing_one_is_named, systemd_says_where,
     writable_by_others_is_a_warning, the_shipped_file_says_how_to_begin)
