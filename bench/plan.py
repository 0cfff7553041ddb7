#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A million files in a thousand directories: `retaind --once --dry-run --json` beside the bare scan and `find -printf`.

In one run and by turns; the first round warms the caches and is dropped. Prints the medians, each ratio pair by pair,
and the memory a file takes. Asserts nothing: machines differ.

    plan.py MEASURE SCAN-FLOOR RETAIND [FILES]"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 5
PER_DIRECTORY = 1000


def make_tree(top, n_files):
    """Ten series of a hundred backups in every directory; names of 40 bytes."""
    for d in range(n_files // PER_DIRECTORY):
        directory = f'{top}/host{d:04}'
        os.mkdir(directory)
        for i in range(PER_DIRECTORY):
            series, version = i % 10, i // 10
            name = f'database-{series:04}-2026{version // 28 + 1:02}{version % 28 + 1:02}T030405Z.sql.zst'
            name = name[:9] + 'x' * (40 - len(name)) + name[9:]
            os.close(os.open(f'{directory}/{name}', os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))


def run(measure, command):
    """Wall seconds, CPU seconds, and peak memory in bytes of one run; its output is thrown away."""
    out = subprocess.run([measure, *command], stdout=subprocess.PIPE, check=True).stdout
    wall, cpu, memory = out.split()
    return float(wall), float(cpu), int(memory)


def main():
    os.environ['STATE_DIRECTORY'] = '/nonexistent'  # a plan from looks alone
    measure, floor, retaind = (os.path.realpath(path) for path in sys.argv[1:4])
    n_files = int(sys.argv[4]) if len(sys.argv) > 4 else 1_000_000
    find = shutil.which('find')
    with tempfile.TemporaryDirectory(prefix='retaind-bench-', dir=os.environ.get('BENCH_DIR')) as top, \
            tempfile.TemporaryDirectory(prefix='retaind-bench-') as empty:
        make_tree(top, n_files)
        config, nothing = f'{empty}/retaind.conf', f'{empty}/nothing.conf'
        os.mkdir(f'{empty}/source')
        rules = 'KeepDaily=7\nKeepWeekly=4\nKeepMonthly=6\n'
        for path, source in ((config, top), (nothing, f'{empty}/source')):
            with open(path, 'w', encoding='utf-8') as f:
                f.write(f'[set s]\nSource={os.path.realpath(source)}\n{rules}')
        commands = {
            'bare scan': [floor, top],
            'find -printf': [find, top, '-type', 'f', '-printf', '%p %s %B+ %T+\n'],
            'retaind --json': [retaind, '--once', '--dry-run', '--json', f'--config={config}'],
        }
        times = {name: [] for name in commands}
        cpu, memory = {}, {}
        for round_ in range(ROUNDS + 1):
            for name, command in commands.items():
                wall, cpu[name], memory[name] = run(measure, command)
                if round_ > 0:
                    times[name].append(wall)
        *_, base = run(measure, [retaind, '--once', '--dry-run', '--json', f'--config={nothing}'])

        print(f'{n_files} files, {ROUNDS} rounds by turns after one to warm up, {os.cpu_count()} processors')
        for name, seconds in times.items():
            print(f'{name:16} median {statistics.median(seconds):6.3f} s   worst {max(seconds):6.3f} s   '
                  f'cpu {cpu[name]:6.3f} s   memory {memory[name] / 1e6:6.1f} MB')
        for other in ('bare scan', 'find -printf'):
            ratios = [a / b for a, b in zip(times['retaind --json'], times[other])]
            print(f'retaind / {other:14} median {statistics.median(ratios):5.2f}   worst {max(ratios):5.2f}')
        print(f'memory of retaind: {(memory["retaind --json"] - base) / n_files:.1f} bytes a file beyond the '
              f'{base / 1e6:.1f} MB of a run over nothing')


if __name__ == '__main__':
    main()
