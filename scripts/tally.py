#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Counts what the lanes of ./pf test did.

tally.py meson LANE TESTLOG.json
    one line per TAP test (or per program that speaks no TAP) on standard
    output: status, lane, test, detail, with tabs between
tally.py sum EXPECTED-SKIPS RESULTS
    checks the skips, prints what failed and the totals; exit status 1 if
    anything did
"""

import fnmatch
import json
import re
import sys

TAP_LINE = re.compile(
    r'^(ok|not ok)\b\s*(\d*)\s*(?:-\s*)?([^#]*)(?:#\s*(\S+)\s*(.*))?$')
TAP_PLAN = re.compile(r'^1\.\.(\d+)(?:\s*#\s*skip\S*\s*(.*))?', re.I)
PASSING = ('OK', 'EXPECTEDFAIL')


def emit(status, lane, name, detail=''):
    detail = ' '.join(detail.split())
    print('\t'.join((status, lane, name, detail)))


def tally_tap(lane, name, text):
    """Emits one line per TAP test; returns how many of each status."""
    counts = {'pass': 0, 'fail': 0, 'skip': 0}
    complaints = []
    for line in text.splitlines():
        plan = TAP_PLAN.match(line)
        if plan and plan.group(1) == '0':
            emit('skip', lane, name, plan.group(2) or 'no reason given')
            counts['skip'] += 1
            continue
        if line.startswith('#') and 'failed:' in line:
            complaints.append(line[1:].strip())
            continue
        match = TAP_LINE.match(line)
        if not match:
            continue
        verdict, number, title, directive, reason = match.groups()
        title = title.strip() or number
        directive = (directive or '').upper()
        if directive.startswith('SKIP') and verdict == 'ok':
            status, detail = 'skip', reason
        elif directive == 'TODO':
            # Either way: what is not done is not passed.
            status, detail = 'fail', 'TODO ' + reason
        elif verdict == 'ok':
            status, detail = 'pass', ''
        else:
            status, detail = 'fail', '; '.join(complaints[:3])
        complaints = []
        counts[status] += 1
        emit(status, lane, name + ' ' + title, detail)
    return counts


def tally_meson(lane, path):
    seen = 0
    with open(path, encoding='utf-8', errors='replace') as log:
        for line in log:
            test = json.loads(line)
            seen += 1
            # "project:suite / name" when a build has several suites
            name = test['name'].split(':')[-1].replace(' / ', '/')
            result = test['result']
            out = test.get('stdout') or ''
            err = test.get('stderr') or ''
            lines = (err or out).strip().splitlines()
            last = lines[-1] if lines else ''
            if re.search(r'^(TAP version|1\.\.\d)', out, re.M):
                counts = tally_tap(lane, name, out)
                bad = result not in PASSING + ('SKIP',)
                if bad and not counts['fail']:
                    emit('fail', lane, name, f'{result}: {last}')
                elif not sum(counts.values()):
                    emit('fail', lane, name, 'ran no test')
            elif result in PASSING:
                emit('pass', lane, name)
            elif result == 'SKIP':
                emit('skip', lane, name, last)
            else:
                emit('fail', lane, name, f'{result}: {last}')
            if result not in PASSING + ('SKIP',):
                print(f'---- {lane}: {name}: {result}', file=sys.stderr)
                for text in (out, err):
                    for shown in text.strip().splitlines()[-40:]:
                        print('     ' + shown, file=sys.stderr)
    if not seen:
        emit('fail', lane, 'tests', 'ran no test')


def cpu_flags():
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as info:
            for line in info:
                if line.startswith('flags'):
                    return set(line.split(':', 1)[1].split())
    except OSError:
        pass
    return set()


def read_expected(path):
    """Lines: lane pattern, test pattern, condition and its words."""
    expected = []
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.split('#', 1)[0].split()
            if not line:
                continue
            if len(line) < 3 or line[2] not in ('always', 'cpu-lacks'):
                sys.exit(f'{path}:{number}: lane, test, always|cpu-lacks')
            expected.append((line[0], line[1], line[2], line[3:]))
    return expected


def skip_is_expected(expected, flags, lane, name):
    for lane_glob, name_glob, condition, words in expected:
        if not fnmatch.fnmatchcase(lane, lane_glob):
            continue
        if not fnmatch.fnmatchcase(name, name_glob):
            continue
        if condition == 'always' or set(words) - flags:
            return True
    return False


def summarize(expected_path, results_path):
    expected = read_expected(expected_path)
    flags = cpu_flags()
    totals = {'pass': 0, 'fail': 0, 'skip': 0}
    lanes = {}
    failed, skipped = [], []
    with open(results_path, encoding='utf-8') as results:
        for line in results:
            status, lane, name, detail = line.rstrip('\n').split('\t')
            if status == 'skip':
                if skip_is_expected(expected, flags, lane, name):
                    skipped.append((lane, name, detail))
                else:
                    status = 'fail'
                    detail = ('skipped, but tests/expected-skips does not'
                              ' allow it: ' + detail)
            if status == 'fail':
                failed.append((lane, name, detail))
            totals[status] += 1
            lanes.setdefault(lane, dict.fromkeys(totals, 0))[status] += 1

    if not sum(totals.values()):
        failed.append(('pf', 'tests', 'ran no test'))
        totals['fail'] = 1
    print()
    for lane, counts in lanes.items():
        print('%-16s %5d passed, %d failed, %d skipped' % (
            lane, counts['pass'], counts['fail'], counts['skip']))
    shown = {}
    for lane, name, detail in skipped:
        shown.setdefault((name.split(' ')[0], detail), []).append(lane)
    for (name, detail), where in shown.items():
        print('skipped: %s (%d times): %s' % (name, len(where), detail))
    for lane, name, detail in failed:
        print(f'FAILED: {lane}: {name}: {detail}')
    print('%d passed, %d failed, %d skipped' % (
        totals['pass'], totals['fail'], totals['skip']))
    sys.stdout.flush()
    return 1 if totals['fail'] else 0


def main(args):
    if len(args) == 3 and args[0] == 'meson':
        tally_meson(args[1], args[2])
        return 0
    if len(args) == 3 and args[0] == 'sum':
        return summarize(args[1], args[2])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
