#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of the corpus of fuzz-wire-punktfunk1.

usage: make-wire-seeds.py CORPUS

fuzz-wire-punktfunk1.c says what the bytes mean. Fuzzing adds to these; what
it finds is kept by hand.
"""
import pathlib
import struct
import sys

GF8, BLOCK_ORDER, SHARED, SMALL_WINDOW, SMALL_BUDGET = (1 << b for b in range(5))
DRAIN = 8


def agreement(flags=0, shard=64, max_block=8):
    return bytes([flags, shard // 2 - 1, max_block - 1])


def time(ms):
    return bytes([0 | DRAIN, ms // 4])


def raw(packet):
    return bytes([1, len(packet)]) + packet


def reset():
    return bytes([2])


def sent(size, percent=20, minimum=0, lost=0, fill=3):
    return bytes([3 | DRAIN]) + struct.pack(
        "<HBBHB", size, percent, minimum, lost, fill)


def plausible(ahead, size, user, block, blocks, k, m, index, fill=0xaa):
    return bytes([4 | DRAIN, ahead + 8]) + struct.pack(
        "<HHBBBBBB", size, user, block, blocks, k, m, index, fill)


def header(shard=64, **fields):
    f = dict(pts=1, frame=0, seq=0, size=shard, user=5, block=0, blocks=1, k=1,
             m=0, index=0, magic=0xc9, version=1, scheme=1, flags=7)
    f.update(fields)
    return struct.pack(
        "<QIIIIHHHHHHBBBB", f["pts"], f["frame"], f["seq"], f["size"],
        f["user"], f["block"], f["blocks"], f["k"], f["m"], f["index"], shard,
        f["magic"], f["version"], f["scheme"], f["flags"])


def seeds():
    yield "empty", b""
    yield "clean", agreement() + sent(0) + sent(1) + sent(64) + sent(2000)
    yield "lost", agreement() + sent(512, 50, lost=0x0105) + sent(600, lost=6)
    yield "hopeless", agreement() + sent(512, 10, lost=0xffff) + sent(64)
    yield "gf8", (agreement(GF8 | BLOCK_ORDER, 62, 20)
                  + sent(2000, 40, lost=0x0811) + sent(63, 100, 3, 1))
    yield "raw", agreement() + raw(header() + bytes(64)) + raw(header())
    yield "raw-short", agreement() + raw(header()[:39]) + raw(b"") + raw(b"x")
    yield "filler", (agreement(SHARED) + raw(header(user=8) + bytes(64))
                     + sent(100))
    yield "late", (agreement() + sent(100) + sent(100) + time(400)
                   + plausible(-1, 100, 1, 0, 1, 2, 1, 0))
    yield "streamed", agreement() + b"".join(
        plausible(0, 0, 1, 0, 0, 8, 0, i) for i in range(8)) + plausible(
            0, 513, 1, 1, 2, 1, 0, 0)
    yield "slices", agreement(max_block=16) + b"".join(
        plausible(0, 0, 0x81, 0, 0, 16, 0, i) for i in range(16)) + plausible(
            0, 1025, 0x81, 1, 2, 1, 0, 0)
    yield "slices-gap", agreement(max_block=16) + b"".join(
        plausible(0, 64, 0x81, 0, 0, 16, 0, i) for i in range(16)) + plausible(
            0, 1025, 0x81, 1, 2, 1, 0, 0) + time(200)
    yield "conflict", (agreement() + plausible(0, 512, 1, 0, 1, 8, 2, 0)
                       + plausible(0, 511, 1, 0, 1, 8, 2, 1)
                       + plausible(0, 512, 1, 0, 1, 8, 3, 1))
    yield "flood", agreement(SMALL_BUDGET | SMALL_WINDOW, 64, 1) + b"".join(
        plausible(i % 4, 0, 1, i, 0, 1, 0, 0) for i in range(200))
    yield "huge", agreement(SMALL_BUDGET) + b"".join(
        plausible(i, 65472, 1, 0, 128, 8, 1, i % 9) for i in range(30))
    yield "far", agreement() + sent(64) + b"".join(
        plausible(200, 64, 1, 0, 1, 1, 0, 0) for i in range(9))
    yield "reset", agreement() + sent(100) + reset() + sent(100) + time(500)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus = pathlib.Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (corpus / name).write_bytes(data)


if __name__ == "__main__":
    main()
