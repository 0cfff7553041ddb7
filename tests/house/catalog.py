#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the journal's message catalogs and retaind-journal(7) against the table of lib/event.c.

- systemd/retaind.catalog and its translation have one entry for each kind of event, in the table's order, and no
  other; each with a subject, a text, and substitutions of fields from the configuration only.
- man/retaind-journal.7 names each kind with its priority and id, in that order too, and each field.
- journalctl takes both catalogs.

Prints TAP. With broken copies of the catalogs and the page it must find what is broken: the self-tests.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CATALOGS = ('systemd/retaind.catalog', 'systemd/retaind.pt_BR.catalog')
PAGE = 'man/retaind-journal.7'
# journalctl -x substitutes values byte for byte: a file's name would speak to the terminal.
SUBSTITUTED = {'RETAIND_SET', 'RETAIND_DESTINATION', 'RETAIND_HOLD'}


def read_kinds(root):
    """(name, id, priority) in the table's order."""
    return re.findall(r'\[EVENT_\w+\]\s*=\s*\{"([a-z-]+)",\s*"([0-9a-f]{32})",\s*EVENT_([A-Z]+),',
                      (root / 'lib/event.c').read_text())


def read_fields(root):
    return list(dict.fromkeys(re.findall(r'"((?:RETAIND_[A-Z0-9_]+)|MESSAGE|MESSAGE_ID|PRIORITY)"',
                                         (root / 'lib/event-fields.c').read_text())))


def check_kinds(kinds, header):
    """The table as it was read: a row that the pattern does not fit would otherwise be missed everywhere."""
    n = len(re.findall(r'^\s+EVENT_\w+,\s+/\*', header, re.M))
    return [] if n == len(kinds) and n > 0 else [f'lib/event.h has {n} kinds, {len(kinds)} were found in lib/event.c']


def check_order(found, expected, what):
    problems = [f'{what}: no {item}' for item in expected if item not in found]
    problems += [f'{what}: {item} is not in the table' for item in found if item not in expected]
    if not problems and found != expected:
        problems.append(f'{what}: not in the order of the table, or twice')
    return problems


def check_catalog(text, kinds):
    head, *entries = re.split(r'^-- ', text, flags=re.M)
    problems = check_order([entry.split()[0] for entry in entries], [kind[1] for kind in kinds], 'entries')
    if [line for line in head.splitlines() if line and line[0] != '#']:
        problems.append('text before the first entry')
    for entry in entries:
        header, _, body = entry.partition('\n\n')
        entry_id, *lines = header.splitlines()
        keys = [line.partition(': ')[0] for line in lines if line.partition(': ')[2]]
        if keys != ['Subject', 'Defined-By', 'Documentation']:
            problems.append(f'{entry_id}: has {keys}')
        if not body.strip():
            problems.append(f'{entry_id}: has no text')
        problems += [f'{entry_id}: @{name}@ is not to be substituted' for name in re.findall(r'@([^@\s]+)@', body)
                     if name not in SUBSTITUTED]
    return problems


def check_translation(texts):
    """Where one language names a field, a command, a file, the other does too."""
    problems = []
    word = re.compile(r'@\w+@|RETAIND_\w+=|[A-Z]\w+=\w*|"retaind [^"]+"|[\w.]+\(\d\)|[./][\w/.-]*/[\w.-]*')
    entries = [re.split(r'^-- ', text, flags=re.M)[1:] for text in texts]
    for one, other in zip(*entries):
        a, b = (sorted(set(word.findall(' '.join(entry.split())))) for entry in (one, other))
        if a != b:
            problems.append(f'{one.split()[0]}: {a} here, {b} there')
    return problems


def check_page(text, kinds, fields):
    text = text.replace('\\-', '-')
    rows = re.findall(r'^\.BR ([a-z-]+) " \((error|warning|notice|info), ([0-9a-f]{32})\)"$', text, re.M)
    problems = check_order([' '.join(row) for row in rows],
                           [f'{name} {priority.lower()} {entry_id}' for name, entry_id, priority in kinds], 'kinds')
    ids = {kind[1] for kind in kinds}
    problems += [f'{i} is no id of ours' for i in re.findall(r'\b[0-9a-f]{32}\b', text) if i not in ids]
    named = re.findall(r'^\.BR? ((?:RETAIND_[A-Z0-9_]+|MESSAGE|MESSAGE_ID|PRIORITY)=.*)$', text, re.M)
    named = re.findall(r'\b((?:RETAIND_[A-Z0-9_]+|MESSAGE|MESSAGE_ID|PRIORITY))=', ' '.join(named))
    return problems + [f'no field {field}=' for field in fields if field not in named] + \
        [f'{field}= is no field' for field in named if field not in fields]


def check_journalctl(root, kinds):
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory) / 'usr/lib/systemd/catalog'
        folder.mkdir(parents=True)
        (Path(directory) / 'var/lib/systemd/catalog').mkdir(parents=True)
        for path in CATALOGS:
            (folder / Path(path).name).write_text((root / path).read_text())
        journalctl = ['journalctl', f'--root={directory}']
        update = subprocess.run([*journalctl, '--update-catalog'], capture_output=True, text=True)
        if update.returncode or update.stderr:
            return [f'--update-catalog: {update.returncode}: {update.stderr}']
        dump = subprocess.run([*journalctl, '--dump-catalog'], capture_output=True, text=True)
        database = (Path(directory) / 'var/lib/systemd/catalog/database').read_bytes()
        problems = check_order(sorted(re.findall(r'^-- ([0-9a-f]{32})', dump.stdout, re.M)),
                               sorted(kind[1] for kind in kinds), '--dump-catalog')
        for path in CATALOGS:
            problems += [f'{path}: "{subject}" is not in the database'
                         for subject in re.findall('^Subject: .*$', (root / path).read_text(), re.M)
                         if subject.encode() not in database]
        return problems


def self_test(root, kinds, fields):
    """Each broken text, and a word of the complaint about it."""
    catalog = (root / CATALOGS[0]).read_text()
    first, second = (f'-- {kind[1]}' for kind in kinds[:2])
    swapped = catalog.replace(first, '-- x').replace(second, first).replace('-- x', second)
    cut = catalog[:catalog.rindex('-- ')]
    for name, text, word in (
            ('missing', cut, f'no {kinds[-1][1]}'),
            ('unknown', catalog + f'\n-- {"0" * 32}\nSubject: x\n\nx\n', f'{"0" * 32} is not in the table'),
            ('order', swapped, 'not in the order'),
            ('twice', catalog + catalog[catalog.rindex('-- '):], 'twice'),
            ('subject', catalog.replace('Subject: ', 'Subjekt: ', 1), 'has ['),
            ('unknown field', catalog.replace('@RETAIND_SET@', '@RETAIND_SETS@', 1), 'not to be substituted'),
            ('field of any bytes', catalog.replace('@RETAIND_SET@', '@RETAIND_FILE@', 1), 'not to be substituted'),
    ):
        found = check_catalog(text, kinds)
        yield f'self-test {name}', [] if any(word in p for p in found) else [f'found {found}']
    found = check_translation([catalog, catalog.replace('@RETAIND_SET@', 'S', 1)])
    yield 'self-test translation', [] if found else ['found nothing']
    page = (root / PAGE).read_text()
    for name, text, word in (
            ('page id', page.replace(kinds[3][1], '0' * 32), f'no {kinds[3][0]}'),
            ('page priority', page.replace(' (notice, ', ' (info, ', 1), 'is not in the table'),
            ('page field', page.replace('RETAIND_HOLD=', 'RETAIND_HOLE='), 'no field RETAIND_HOLD='),
    ):
        found = check_page(text, kinds, fields)
        yield f'self-test {name}', [] if any(word in p for p in found) else [f'found {found}']


def main():
    root = Path(sys.argv[1])
    kinds, fields = read_kinds(root), read_fields(root)
    texts = [(root / path).read_text() for path in CATALOGS]
    results = [('lib/event.c', check_kinds(kinds, (root / 'lib/event.h').read_text()))]
    results += [(path, check_catalog(text, kinds)) for path, text in zip(CATALOGS, texts)]
    results.append(('translation', check_translation(texts)))
    results.append((PAGE, check_page((root / PAGE).read_text(), kinds, fields)))
    results.append(('journalctl', check_journalctl(root, kinds)))
    results += self_test(root, kinds, fields)
    print(f'1..{len(results)}')
    failed = False
    for number, (name, problems) in enumerate(results, 1):
        print(f'{"not ok" if problems else "ok"} {number} - {name}')
        for problem in problems:
            print(f'# {problem}')
        failed = failed or bool(problems)
    return failed


if __name__ == '__main__':
    sys.exit(main())
