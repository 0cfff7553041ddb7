#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""retaind as a service of a booted systemd, from its installation to its removal. The stories build on each other."""

import contextlib
import ctypes
import functools
import hashlib
import json
import os
import re
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'integration'))

from machine import Machine, enter_namespace  # noqa: E402

enter_namespace()

from harness import backups, contains, equal, main  # noqa: E402

UNIT = 'retaind.service'
FIELDS = {'RETAIND_' + name for name in (
    'EVENT', 'EVENT_ID', 'SET', 'SERIES', 'FILE', 'DESTINATION', 'SIZE', 'SHA256', 'AGE_USEC', 'REASON', 'HOLD',
    'DURATION_USEC', 'ERRNO')}
BUILD = '/var/tmp/build'
MARKER = '.retaind-destination'
CONF = '/etc/retaind/retaind.conf'
SET = '''
[set {name}]
Source={source}
Settle=0s
PollInterval=1s
{more}
[copy {name}/nas]
To={to}
'''
# Where administrators have them: source, destination.
PLACES = {
    'home': ('/home/operator/backups', '/mnt/nas'),
    'var': ('/var/backups/databases', '/home/operator/copies'),
    'srv': ('/srv/from', '/srv/to'),
    'mnt': ('/mnt/dumps', '/var/lib/copies'),
    'tmp': ('/var/tmp/drop', '/opt/copies'),
}
machine = before = installed = None


def configuration(**more):
    return ''.join(SET.format(name=name, source=source, to=to, more=more.get(name, ''))
                   for name, (source, to) in PLACES.items())


def show(name):
    return machine.do('systemctl', 'show', '--value', f'--property={name}', UNIT).strip()


def entries(*matches):
    machine.do('journalctl', '--sync')
    out = machine.do('journalctl', '-b', '-q', '-o', 'json', '--all', *matches)
    return [json.loads(line) for line in out.splitlines()]


def messages(since=None):
    """What the unit, and systemd of the unit, wrote; since a cursor."""
    machine.do('journalctl', '--sync')
    after = [f'--after-cursor={since}'] if since else []
    return machine.do('journalctl', '-b', '-q', '-o', 'cat', '-u', UNIT, *after)


def now():
    """A cursor: what comes later is after it."""
    machine.do('journalctl', '--sync')
    return re.search(r'^-- cursor: (.*)$', machine.do('journalctl', '-b', '-n', '0', '--show-cursor'), re.M).group(1)


def wait_for(text, since=None):
    machine.wait(lambda: text in messages(since), f'nobody says: {text}')


def drop(where, name, content=b'backup'):
    """As a program that makes backups does it; waits until the copy is there, and returns its path."""
    source, to = PLACES[where]
    machine.write(f'{source}/{name}', content)
    return copied(f'{to}/{name}', content)


def copied(path, content=b'backup'):
    path = machine.path(path)
    machine.wait(lambda: path.exists() and path.read_bytes() == content, f'{path} is not there')
    return path


@contextlib.contextmanager
def drop_in(text):
    """The unit as an administrator changes it."""
    path = f'/etc/systemd/system/{UNIT}.d/test.conf'
    machine.write(path, text)
    machine.do('systemctl', 'daemon-reload')
    machine.do('systemctl', 'restart', UNIT)
    try:
        yield
    finally:
        machine.path(path).unlink()
        machine.path(path).parent.rmdir()
        machine.do('systemctl', 'daemon-reload')
        machine.do('systemctl', 'restart', UNIT)


def all_files():
    return set(machine.do('find', '/etc', '/opt', '/usr', '/var/lib', '-xdev').splitlines())


def it_is_installed():
    global before, installed
    before = all_files()
    machine.do('meson', 'setup', '--prefix=/usr', '-Dtests=false', BUILD, '/run/source')
    machine.do('meson', 'install', '-C', BUILD)
    installed = all_files() - before
    for path in ('/usr/sbin/retaind', '/usr/lib/systemd/system/retaind.service', '/usr/lib/sysusers.d/retaind.conf',
                 '/usr/lib/tmpfiles.d/retaind.conf', '/usr/lib/systemd/catalog/retaind.catalog', CONF):
        assert path in installed, (path, installed)
    machine.do('systemd-sysusers')
    machine.do('systemd-tmpfiles', '--create', 'retaind.conf')
    machine.do('journalctl', '--update-catalog')
    machine.do('systemctl', 'daemon-reload')
    contains(machine.do('getent', 'group', 'retaind'), 'retaind:')
    equal(stat.S_IMODE(machine.path('/var/lib/retaind').stat().st_mode), 0o700)
    contains(machine.do('systemctl', 'cat', UNIT), 'ExecStart=/usr/sbin/retaind\n')


def the_unit_is_clean():
    equal(machine.do('systemd-analyze', 'verify', UNIT), '')
    out = machine.do('systemd-analyze', 'security', '--no-pager', UNIT)
    score = re.search(r'Overall exposure level for retaind.service: (\d+\.\d+)', out).group(1)
    print(f'# systemd-analyze security: {score}')
    assert float(score) <= 2.0, out


def it_starts_copies_and_tells():
    for source, to in PLACES.values():
        machine.path(source).mkdir(parents=True)
        machine.path(to).mkdir(parents=True)
    machine.write(CONF, configuration(home='KeepLast=1\nListing=/home/operator/list'))
    machine.do('systemctl', 'enable', '--now', UNIT)
    equal((show('ActiveState'), show('UnitFileState')), ('active', 'enabled'))
    for where in PLACES:
        drop(where, 'db-2026-11-01.sql')
    drop('home', 'db-2026-11-02.sql')
    machine.wait(lambda: backups(machine.path(PLACES['home'][0])) == ['db-2026-11-02.sql'], 'not removed')
    machine.wait(lambda: machine.path('/home/operator/list').exists(), 'no listing')
    equal(stat.S_IMODE(machine.path('/home/operator/list').stat().st_mode), 0o640)

    copy, removal = entries('RETAIND_SET=home', 'RETAIND_FILE=db-2026-11-01.sql')
    equal((copy['RETAIND_EVENT'], removal['RETAIND_EVENT']), ('copied', 'removed'))
    equal((copy['RETAIND_DESTINATION'], copy['RETAIND_SIZE'], copy['RETAIND_SHA256'], copy['_SYSTEMD_UNIT']),
          ('nas', '6', hashlib.sha256(b'backup').hexdigest(), UNIT))
    contains(removal['RETAIND_REASON'], 'not kept by KeepLast')
    contains(machine.do('journalctl', '-b', '-x', 'RETAIND_EVENT=removed'), 'retaind-journal(7)')
    machine.wait(lambda: 'Status: "5 sets with 5 backups' in machine.do('systemctl', 'status', '--no-pager', UNIT),
                 'the status is another')


def all_fields_are_told():
    """Those too that only trouble has: what is held, and the number of an error."""
    source, to = PLACES['tmp']
    machine.write(f'{to}/taken', b'where a directory would have to be')
    machine.write(f'{source}/taken/db-2026-11-01.sql', b'backup')
    wait_for('was not copied to nas')
    machine.write(f'{source}/taken/db-2026-11-02.sql', b'backup')
    machine.write(CONF, configuration(tmp='KeepLast=1'))
    machine.do('systemctl', 'reload', UNIT)
    wait_for('removals are held as uncopied')
    equal(FIELDS - set().union(*entries(f'_SYSTEMD_UNIT={UNIT}')), set())
    machine.path(f'{to}/taken').unlink()
    machine.do('systemctl', 'restart', UNIT)  # and not wait until it is tried again
    copied(f'{to}/taken/db-2026-11-02.sql')


def nothing_is_dropped_from_the_journal():
    limit = '/etc/systemd/journald.conf.d/test.conf'
    count = 500
    machine.write(limit, '[Journal]\nRateLimitIntervalSec=1h\nRateLimitBurst=10\n')
    machine.do('systemctl', 'restart', 'systemd-journald.service')
    try:
        machine.do('systemd-run', '--quiet', '--property=Type=oneshot', '--unit=talker', 'seq', str(count))
        assert len(entries('-u', 'talker.service')) < count, 'the limit is none'
        for number in range(count):
            machine.write(f'{PLACES["var"][0]}/many-{number}.sql', b'backup')
        for number in range(count):
            copied(f'{PLACES["var"][1]}/many-{number}.sql')
        machine.wait(lambda: len([entry for entry in entries('RETAIND_EVENT=copied')
                                  if entry['RETAIND_FILE'].startswith('many-')]) == count, 'an entry is missing')
    finally:
        machine.path(limit).unlink()
        machine.do('systemctl', 'restart', 'systemd-journald.service')


def odd_file(name, *attributes):
    """One of everything that a copy has to keep, in a directory that nobody else may enter."""
    path = machine.path('/srv') / name
    path.write_bytes(b'odd')
    os.chown(path, 1234, 5678)
    subprocess.run(['setfacl', '-m', 'u:77:r,g:88:rw', path], check=True)
    for attribute in attributes:
        os.setxattr(path, attribute, b'note')
    # cap_net_raw+p of version 2: the kernel looks at it.
    os.setxattr(path, 'security.capability', bytes.fromhex('0000000200200000000000000000000000000000'))
    os.chmod(path, 0o6755)
    os.utime(path, ns=(10**18 + 123456789, 10**18 + 987654321))
    return path.rename(machine.path(PLACES['srv'][0]) / name)


def what_it_is(path):
    st = os.stat(path)
    return (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode), st.st_mtime_ns,
            # The second is how XFS tells root of the first.
            {name: os.getxattr(path, name) for name in os.listxattr(path) if name != 'trusted.SGI_ACL_FILE'})


def the_sandbox_is_not_in_the_way_of_a_copy():
    source, to = (machine.path(path) for path in PLACES['srv'])
    for path in (source, to):
        os.chown(path, 1234, 5678)
        path.chmod(0o500)
    equal(sorted(what_it_is(odd_file('odd', 'user.note'))[4]),
          ['security.capability', 'system.posix_acl_access', 'user.note'])
    equal(what_it_is(copied(f'{PLACES["srv"][1]}/odd', b'odd')), what_it_is(source / 'odd'))

    large = os.urandom(1 << 20)
    drop('srv', 'large', large)
    extents = subprocess.run(['filefrag', '-v', to / 'large'], check=True, capture_output=True)
    contains(extents.stdout.decode(), 'shared')


def trusted_attributes_need_one_capability_more():
    source, to = (machine.path(path) for path in PLACES['srv'])
    odd_file('without', 'user.note', 'trusted.note')
    equal(sorted(what_it_is(copied(f'{PLACES["srv"][1]}/without', b'odd'))[4]),
          ['security.capability', 'system.posix_acl_access', 'user.note'])
    with drop_in('[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\n'):
        odd_file('with', 'user.note', 'trusted.note')
        equal(what_it_is(copied(f'{PLACES["srv"][1]}/with', b'odd')), what_it_is(source / 'with'))


def what_others_still_write_waits(name):
    source, to = (machine.path(path) for path in PLACES['srv'])
    with open(source / name, 'wb') as f:
        os.fchown(f.fileno(), 1234, 5678)
        f.write(b'half')
        f.flush()
        for number in range(2):
            drop('srv', f'{name}-{number}')
        assert not (to / name).exists()
        f.write(b' and whole')
    copied(f'{PLACES["srv"][1]}/{name}', b'half and whole')


def is_copied_whole(name, since):
    source = odd_file(name, 'user.note')
    copy = machine.path(PLACES['srv'][1]) / name
    machine.wait(lambda: copy.exists() or any(text in messages(since) for text in (
        f'{name} was not copied', f'{PLACES["srv"][0]}: Permission denied')), 'neither copied nor refused')
    return copy.exists() and what_it_is(copy) == what_it_is(source)


def each_capability_is_needed():
    """With all that the unit leaves, a copy is whole; with any one less, it is not."""
    what_others_still_write_waits('slow')
    for capability in show('CapabilityBoundingSet').split():
        name, since = f'without-{capability}', now()
        with drop_in(f'[Service]\nCapabilityBoundingSet=~{capability.upper()}\n'):
            if capability != 'cap_lease':
                assert not is_copied_whole(name, since), f'{capability} is not needed'
                continue
            with open(machine.path(PLACES['srv'][0]) / name, 'wb') as f:
                os.fchown(f.fileno(), 1234, 5678)
                f.write(b'half')
                f.flush()
                copied(f'{PLACES["srv"][1]}/{name}', b'half')


def it_may_be_confined_more():
    """As the manual page says."""
    paths = ' '.join(path for place in PLACES.values() for path in place)
    with drop_in(f'[Service]\nProtectSystem=strict\nReadWritePaths={paths}\n'):
        for where in PLACES:
            drop(where, 'strict-2026-11-01.sql')
            (machine.path(PLACES[where][0]) / 'strict-2026-11-01.sql').unlink()


def workers_confine_themselves():
    """Landlock in the sandbox is the one outside, and a worker at work is modest."""
    probe = ("import ctypes; libc = ctypes.CDLL(None); libc.syscall.restype = ctypes.c_long;"
             "print('landlock', libc.syscall(444, None, 0, 1), flush=True)")
    machine.write('/opt/probe.py', probe)
    outside = ctypes.CDLL(None).syscall(444, None, 0, 1)
    assert outside > 0, 'this kernel has no Landlock'
    with drop_in('[Service]\nExecStartPre=/usr/bin/python3 /opt/probe.py\n'):
        wait_for(f'landlock {outside}')
    machine.path('/opt/probe.py').unlink()

    machine.write(CONF, configuration() + '[daemon]\nBandwidthMax=1M\n')
    large = f'{PLACES["home"][0]}/large'
    with drop_in(''):
        machine.write(large, os.urandom(20 << 20))
        worker = machine.wait(lambda: machine.run('pgrep', '-n', '-P', show('MainPID')).out.split(), 'no worker')[0]
        contains(machine.do('ionice', '-p', worker), 'best-effort: prio 7')
        contains(machine.do('cat', f'/proc/{worker}/status'), 'NoNewPrivs:\t1')
        machine.path(large).unlink()
        machine.write(CONF, configuration())


def a_disk_comes_and_goes():
    """Mounted after the start it is seen inside the sandbox, and nothing there keeps it from being unmounted."""
    machine.path('/opt/disk').mkdir()
    machine.path('/media/disk').mkdir(parents=True)
    machine.do('mount', '--bind', '/opt/disk', '/media/disk')
    machine.write(CONF, configuration() + '[copy home/disk]\nTo=/media/disk\n')
    machine.do('systemctl', 'reload', UNIT)
    copied('/opt/disk/db-2026-11-02.sql')
    machine.do('systemctl', 'reload', UNIT)  # workers that wait for more to do would for a while still have it open
    machine.wait(lambda: machine.run('umount', '/media/disk').status == 0, 'it is busy')
    machine.write(f'{PLACES["home"][0]}/db-2026-11-03.sql', b'backup')
    wait_for('/media/disk has no .retaind-destination: is the disk mounted?')
    equal(backups(machine.path('/media/disk')), [])
    machine.do('mount', '--bind', '/opt/disk', '/media/disk')
    drop('home', 'db-2026-11-04.sql')
    copied('/opt/disk/db-2026-11-03.sql')
    machine.write(CONF, configuration())
    machine.do('systemctl', 'reload', UNIT)
    machine.wait(lambda: machine.run('umount', '/media/disk').status == 0, 'it is busy')


def a_reload_is_checked_first():
    leader, since = show('MainPID'), now()
    machine.path('/srv/second').mkdir()
    machine.write(CONF, configuration() + '[copy srv/second]\nTo=/srv/second\n')
    machine.do('systemctl', 'reload', UNIT)
    copied('/srv/second/odd', b'odd')
    contains(messages(since), '5 sets, 4 of them as before')

    since = now()
    machine.write(CONF, configuration(home='KeepDayly=3') + '[copy srv/second]\nTo=/srv/second\n')
    assert machine.run('systemctl', 'reload', UNIT).status != 0
    contains(messages(since), f'{CONF}:6: error: ')
    contains(machine.do('journalctl', '-b', '-p', 'err', '-u', UNIT), 'did you mean KeepDaily=?')
    contains(machine.do('systemctl', 'status', '--no-pager', UNIT), 'did you mean KeepDaily=?')
    equal((show('ActiveState'), show('SubState'), show('MainPID')), ('active', 'running', leader))
    machine.do('systemctl', 'kill', '--signal=HUP', '--kill-who=main', UNIT)
    wait_for('the one in force stays', since)
    drop('srv', 'after-a-bad-reload')
    copied('/srv/second/after-a-bad-reload')
    machine.write(CONF, configuration())
    machine.do('systemctl', 'reload', UNIT)


def a_daemon_that_hangs_is_restarted():
    with drop_in('[Service]\nWatchdogSec=2s\nRestartSec=100ms\nTimeoutAbortSec=1s\n'):
        since, leader = now(), show('MainPID')
        first = show('WatchdogTimestampMonotonic')
        machine.wait(lambda: show('WatchdogTimestampMonotonic') != first, 'the watchdog is not told')
        equal((show('NRestarts'), show('MainPID')), ('0', leader))
        machine.do('kill', '-STOP', leader)
        machine.wait(lambda: (show('ActiveState'), show('MainPID')) not in (('active', leader), ('active', '0')) and
                     show('ActiveState') == 'active', 'it is not restarted')
        contains(messages(since), 'Watchdog timeout')
        equal(show('NRestarts'), '1')
        drop('home', 'after-the-watchdog-2026-11-01.sql')


def it_stops_and_waits_for_its_source():
    since = now()
    machine.write(f'{PLACES["home"][0]}/large', os.urandom(20 << 20))
    machine.do('systemctl', 'stop', UNIT)
    equal((show('ActiveState'), show('Result')), ('inactive', 'success'))
    contains(messages(since), 'asked to end by Terminated')
    equal(show('StatusText'), 'ending')
    assert not machine.path('/run/retaind').exists()

    source = machine.path(PLACES['home'][0])
    source.rename(machine.path('/home/operator/away'))
    since = now()
    machine.do('systemctl', 'start', UNIT)
    wait_for(f'{PLACES["home"][0]} does not exist', since)
    equal(show('ActiveState'), 'active')
    machine.path('/home/operator/away').rename(source)
    drop('home', 'late-2026-11-01.sql')


def a_second_one_is_refused():
    """Whichever of the two is the service."""
    second = machine.run('retaind', '--once')
    equal(second.status, 1)
    contains(second.out, f'process {show("MainPID")} works with the state directory /var/lib/retaind already')

    machine.do('systemctl', 'stop', UNIT)
    machine.do('systemd-run', '--quiet', '--unit=first', 'flock', '/var/lib/retaind/lock', 'sleep', 'infinity')
    first = machine.do('systemctl', 'show', '--value', '--property=MainPID', 'first.service').strip()
    since = now()
    assert machine.run('systemctl', 'start', UNIT).status != 0
    contains(messages(since), f'process {first} works with the state directory /var/lib/retaind already')
    machine.do('systemctl', 'stop', 'first.service', UNIT)


def a_bad_configuration_is_not_tried_again():
    machine.write(CONF, configuration(home='KeepDayly=3'))
    assert machine.run('systemctl', 'start', UNIT).status != 0
    equal((show('ActiveState'), show('ExecMainStatus'), show('NRestarts')), ('failed', '78', '0'))
    machine.write(CONF, configuration())
    machine.do('systemctl', 'start', UNIT)
    drop('home', 'again-2026-11-01.sql')


def nothing_of_it_is_left():
    """But what is the administrator's: the configuration, which another installation keeps too, and the state."""
    ours = {'/etc/retaind', CONF, '/var/lib/retaind', '/var/lib/retaind/catalog.db', '/var/lib/retaind/lock'}
    written = machine.path(CONF).read_bytes()
    machine.do('systemctl', 'disable', '--now', UNIT)
    machine.do('ninja', '-C', BUILD, 'uninstall')
    machine.do('meson', 'install', '-C', BUILD)
    machine.do('ninja', '-C', BUILD, 'uninstall')
    machine.do('systemctl', 'daemon-reload')
    machine.do('journalctl', '--update-catalog')
    equal({path for path in all_files() - before if path in installed or 'retaind' in path.replace(MARKER, '')}, ours)
    equal(machine.path(CONF).read_bytes(), written)
    assert 'retaind' not in machine.do('journalctl', '--list-catalog')


broken = []


def story(test):
    """What comes after one that failed would only wait for what cannot come."""
    @functools.wraps(test)
    def tell(_):
        assert not broken, f'it was not tried, for {broken[0]} failed'
        try:
            test()
        except BaseException:
            broken.append(test.__name__)
            raise
    return tell


with Machine(os.environ['SOURCE_ROOT']) as machine:
    main(*map(story, (
        it_is_installed, the_unit_is_clean, it_starts_copies_and_tells, all_fields_are_told,
        nothing_is_dropped_from_the_journal, the_sandbox_is_not_in_the_way_of_a_copy,
        trusted_attributes_need_one_capability_more, each_capability_is_needed, it_may_be_confined_more,
        workers_confine_themselves, a_disk_comes_and_goes, a_reload_is_checked_first, a_daemon_that_hangs_is_restarted,
        it_stops_and_waits_for_its_source, a_second_one_is_refused, a_bad_configuration_is_not_tried_again,
        nothing_of_it_is_left)))
