#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of the FEC fuzz corpus.

usage: make-seeds.py CORPUS

fuzz-fec.c says what the bytes mean. Fuzzing adds to these; what it finds is
kept by hand.
"""
import pathlib
import struct
import sys

RAW, SECOND, SPANS, CACHE, GARBAGE, EXACT = (1 << b for b in range(6))


def block(k, m, size, unit=1, align=0, cuts=(), flags=0, watched=0, seed=1,
          present=b"\xff"):
    """An input as fuzz_fec_run() reads it."""
    return (struct.pack("<BHHHBB", flags, k - 1, m - 1, size // unit - 1,
                        align, len(cuts))
            + b"".join(struct.pack("<H", cut) for cut in cuts)
            + struct.pack("<HB", watched, seed) + present)


def raw(scheme, k, m, size, struct_size=0):
    return struct.pack("<BIIIIQ", RAW, struct_size, scheme, k, m, size)


FEC8 = {
    "one-lost": block(10, 2, 333, present=b"\xfd\xff"),
    "two-lost": block(20, 4, 61, align=3, present=b"\xfa\xff\xff"),
    "at-the-limit": block(200, 55, 257, present=b"\x7f\xbf\xdf\xef"),
    "more-parity": block(10, 60, 40, flags=EXACT, present=b"\xaa"),
    "too-few": block(16, 4, 16, present=b"\x0f"),
    "none-lost": block(7, 3, 100, present=b"\xff"),
    "all-lost": block(5, 3, 9, present=b"\x00"),
    "garbage": block(30, 20, 200, flags=GARBAGE | EXACT, present=b"\xdb\x6d"),
    "cut": block(12, 5, 300, align=1, cuts=(8, 40, 299), flags=SPANS,
                 present=b"\xee\xff\xfb"),
    "empty-cuts": block(12, 5, 300, cuts=(0, 0, 300, 300), flags=CACHE,
                        present=b"\x7e\xff\xff"),
    "audio": block(4, 2, 120, flags=SECOND, present=b"\x36"),
    "audio-cut": block(4, 2, 48, flags=SECOND, cuts=(1,), present=b"\x3a"),
    "raw-ok": raw(1, 200, 55, 1408),
    "raw-counts": raw(1, 0xffffffff, 2, 1408),
    "raw-size": raw(2, 4, 2, 0xffffffffffffffff),
    "raw-scheme": raw(7, 4, 2, 100),
    "raw-struct": raw(1, 4, 2, 100, struct_size=3),
    "empty": b"",
}

FEC16 = {
    "one-lost": block(10, 2, 332, 2, present=b"\xfd\xff"),
    "two-lost": block(20, 4, 62, 2, align=3, present=b"\xfa\xff\xff"),
    "many-lost": block(500, 100, 64, 2, present=b"\xef\xdf\xbf\x7f\xff"),
    "low-rate": block(20, 300, 128, 2, flags=EXACT, present=b"\xaa\x55"),
    "equal-powers": block(30, 20, 130, 2, present=b"\x0f\xff\xff"),
    "one-data": block(1, 9, 44, 2, present=b"\x00\x02"),
    "one-parity": block(40, 1, 1452, 2, present=b"\xff\xff\xfe\xff\xff\x01"),
    "large": block(1500, 400, 34, 2, present=b"\xf7\xff\xbf"),
    "too-few": block(16, 4, 16, 2, present=b"\x0f"),
    "none-lost": block(7, 3, 100, 2, present=b"\xff"),
    "all-lost": block(5, 3, 8, 2, present=b"\x00"),
    "garbage": block(30, 20, 200, 2, flags=GARBAGE | EXACT,
                     present=b"\xdb\x6d"),
    "cut-odd": block(12, 5, 300, 2, align=1, cuts=(7, 41, 299), flags=SPANS,
                     present=b"\xee\xff\xfb"),
    "cut-tail": block(9, 4, 108, 2, cuts=(65, 86, 87), present=b"\xf5\xff"),
    "empty-cuts": block(12, 5, 300, 2, cuts=(0, 0, 300, 300), flags=CACHE,
                        present=b"\x7e\xff\xff"),
    "raw-ok": raw(3, 64512, 1023, 1408),
    "raw-rule": raw(3, 65000, 535, 2),
    "raw-odd": raw(3, 100, 20, 1407),
    "raw-counts": raw(3, 0xffffffff, 2, 1408),
    "raw-size": raw(3, 4, 2, 0xfffffffffffffffe),
    "empty": b"",
}


def main():
    corpus = pathlib.Path(sys.argv[1])
    for target, inputs in (("fec8", FEC8), ("fec16", FEC16)):
        for name, data in inputs.items():
            (corpus / target / name).write_bytes(data)


main()
