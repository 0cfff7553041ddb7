#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the tree against the layers of the design.

- lib/: each file includes only those above it in lib/meson.build's lib_order, its own header first; nothing of
  daemon/ or ctl/, nothing of systemd's but sd-id128; a pure file no header that reaches a descriptor, a clock, the
  environment or a stream, and it calls nothing of the kind.
- includes of our own are folder-qualified.

Prints TAP. With --self-test it is run on trees that break each rule, and must find it.
"""

import re
import sys
import tempfile
from pathlib import Path

# What a pure file may include of the system's. Everything here computes; stdio.h is for snprintf only.
PURE_HEADERS = {
    'assert.h', 'ctype.h', 'errno.h', 'fnmatch.h', 'limits.h', 'stdarg.h', 'stdbool.h', 'stddef.h', 'stdint.h',
    'stdio.h', 'stdlib.h', 'string.h', 'sys/types.h',
}
IMPURE_CALLS = re.compile(
    r'\b(f?printf|puts|fopen|fclose|fread|fwrite|open|openat|read|write|close|getenv|secure_getenv|setenv|time|'
    r'clock_gettime|gettimeofday|localtime(_r)?|mktime|tzset|setlocale|rand|random|getrandom|system|exit|abort|stat|'
    r'realpath|unlink|rename)\s*\(')
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def read_order(root):
    text = (root / 'lib/meson.build').read_text()
    return re.findall(r"^\s*\['([a-z0-9-]+)', '(P?)'\],", text, re.M)


def strip(text):
    """The code without comments and string literals."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(\\.|[^"\\\n])*"', lambda m: '""' if m[0][0] == '"' else '', text, flags=re.S)


def check_file(path, root, layers, pure):
    problems = []
    name = path.stem
    relative = path.relative_to(root)
    in_lib = relative.parts[0] == 'lib'
    if in_lib and name not in layers:
        return [f'{relative}: is not in lib_order of lib/meson.build']

    ours = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, header = match.groups()
        where = f'{relative}:{number}'
        if quote == '<':
            if in_lib and header.startswith('systemd/') and header != 'systemd/sd-id128.h':
                problems.append(f'{where}: lib/ knows no {header}')
            if in_lib and name in pure and header not in PURE_HEADERS:
                problems.append(f'{where}: {name} is pure and may not include <{header}>')
            continue
        ours.append(header)
        if header == 'version.h':
            continue
        if '/' not in header or not (root / header).exists():
            problems.append(f'{where}: "{header}" is not a path from the top of the tree')
            continue
        folder, other = header.split('/')[0], Path(header).stem
        if not in_lib:
            continue
        if folder != 'lib':
            problems.append(f'{where}: lib/ may not include {header}')
        elif other not in layers:
            problems.append(f'{where}: {other} is not in lib_order')
        elif other.endswith('-internal'):
            module = other.removesuffix('-internal')
            if name != module and not name.startswith(module + '-'):
                problems.append(f'{where}: {other} is for the files of {module} only')
        elif layers[other] > layers[name]:
            problems.append(f'{where}: {name} may not include {other}, which comes after it')
        elif name in pure and other not in pure:
            problems.append(f'{where}: {name} is pure, {other} is not')
    own = f'{relative.parts[0]}/{name}.h'
    if path.suffix == '.c' and (root / own).exists() and ours[:1] != [own]:
        problems.append(f'{relative}: its own header, "{own}", comes first')
    if in_lib and name in pure:
        for match in IMPURE_CALLS.finditer(strip(path.read_text())):
            problems.append(f'{relative}: {name} is pure and calls {match[1]}()')
    return problems


def check_tree(root):
    order = read_order(root)
    layers = {name: number for number, (name, _) in enumerate(order)}
    pure = {name for name, mark in order if mark == 'P'}
    results = {}
    for path in sorted(p for folder in ('lib', 'daemon', 'ctl') for p in (root / folder).glob('*.[ch]')):
        results[str(path.relative_to(root))] = check_file(path, root, layers, pure)
    for name in layers:
        if not (root / f'lib/{name}.h').exists() and not (root / f'lib/{name}.c').exists():
            results[f'lib/{name}'] = [f'lib_order names {name}, which is not there']
    return results


def self_test():
    """Each broken tree, and a word of the complaint about it."""
    order = "lib_order = [\n        ['low', 'P'],\n        ['low-internal', 'P'],\n        ['sys', ''],\n        ['high', 'P'],\n]\n"
    good = {'lib/low.h': '', 'lib/low-internal.h': '', 'lib/low.c': '#include "lib/low.h"\n', 'lib/sys.h': '', 'lib/high.h': ''}
    broken = {
        'upwards': ({'lib/low.c': '#include "lib/low.h"\n#include "lib/high.h"\n'}, 'comes after it'),
        'impure layer': ({'lib/high.h': '#include "lib/sys.h"\n'}, 'is pure, sys is not'),
        'impure header': ({'lib/low.h': '#include <unistd.h>\n'}, 'may not include <unistd.h>'),
        'impure call': ({'lib/low.c': '#include "lib/low.h"\nint f(void) { return time(0); }\n'}, 'calls time()'),
        'systemd': ({'lib/sys.h': '#include <systemd/sd-journal.h>\n'}, 'knows no'),
        'unknown': ({'lib/other.h': ''}, 'is not in lib_order'),
        'unqualified': ({'lib/high.h': '#include "low.h"\n'}, 'not a path from the top'),
        'daemon': ({'lib/high.h': '#include "daemon/log.h"\n', 'daemon/log.h': ''}, 'may not include'),
        'own header': ({'lib/low.c': '#include <errno.h>\n#include "lib/base.h"\n', 'lib/base.h': ''}, 'comes first'),
        'internal': ({'lib/high.h': '#include "lib/low-internal.h"\n', 'lib/low-internal.h': ''}, 'files of low only'),
        'missing': ({'lib/high.h': None}, 'not there'),
    }
    for name, (files, word) in {'good': ({}, None), **broken}.items():
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for path, text in {'lib/meson.build': order, **good, **files}.items():
                (root / path).parent.mkdir(exist_ok=True)
                if text is not None:
                    (root / path).write_text(text)
            found = [p for problems in check_tree(root).values() for p in problems]
            ok = not found if word is None else any(word in p for p in found)
            yield f'self-test {name}', [] if ok else [f'found {found}']


def main():
    root = Path(sys.argv[1])
    results = list(self_test()) + list(check_tree(root).items())
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
