#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of the corpora of fuzz-wire-punktfunk1 and
fuzz-wire-gamestream.

usage: make-wire-seeds.py CORPUS

CORPUS is the folder of both. fuzz-wire.c, fuzz-wire-*.c and fuzz-gs-audio.c
say what the bytes mean. Fuzzing adds to these; what it finds is kept by hand.
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


def punktfunk1():
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


AUDIO = 1


def gs_agreement(flags=0, shard=64, max_block=60):
    return bytes([flags, shard - 16, max_block - 5])


def gs_plausible(ahead, data, index, percent=0, wrong=0, block=0, blocks=1,
                 fill=0xaa, used=20):
    return bytes([4 | DRAIN, ahead + 8, data, index, percent, wrong,
                  block << 4 | (blocks - 1) << 6, fill, used])


def gs_packet(shard=64, frame=1, flags=7, blocks=0, info=1 << 22):
    rtp = bytes([0x90, 0]) + struct.pack(">HIII", 0, 3000, 0, 0)
    return rtp + struct.pack("<IIBBBBI", 0, frame, flags, 0, 0x10, blocks,
                             info) + bytes([1, 0, 0, 2, 20]) + bytes(shard - 5)


def audio_block(lost=0, size=60, fill=5):
    return bytes([2 | DRAIN, lost, size - 1, fill])


def audio_packet(ahead, size):
    return bytes([4 | DRAIN, ahead + 16, size // 4])


def audio_parity(ahead, size, index):
    return bytes([5 | DRAIN, ahead + 16, size // 4, index])


def gamestream():
    agree = gs_agreement()
    yield "empty", b""
    yield "clean", agree + sent(0) + sent(1) + sent(64) + sent(2000)
    yield "lost", agree + sent(512, 50, lost=0x0105) + sent(600, lost=6)
    yield "hopeless", agree + sent(512, 10, lost=0xffff) + sent(64) + time(200)
    yield "four-blocks", (gs_agreement(0, 32, 16)
                          + sent(1900, 40, 2, lost=0x0401) + sent(2000, 0))
    yield "minimum", agree + sent(20, 20, 3, lost=1) + sent(150, 20, 3, 6)
    yield "raw", agree + raw(gs_packet()) + raw(gs_packet(frame=0))
    yield "raw-short", (agree + raw(gs_packet(frame=2)[:33])
                        + raw(gs_packet()[:32]) + raw(b"") + raw(b"\x90"))
    yield "one-shard", agree + gs_plausible(0, 1, 0)
    yield "blocks-joined", (
        agree + gs_plausible(0, 1, 0, block=2, blocks=3)
        + gs_plausible(0, 2, 0, block=0, blocks=3)
        + gs_plausible(0, 2, 1, block=0, blocks=3)
        + gs_plausible(0, 2, 0, block=1, blocks=3)
        + gs_plausible(0, 2, 1, block=1, blocks=3))
    yield "short-end", agree + gs_plausible(0, 1, 0, wrong=15 << 3, used=40)
    yield "conflict", (agree + gs_plausible(0, 9, 0) + gs_plausible(0, 8, 1)
                       + gs_plausible(0, 9, 9, 20)
                       + gs_plausible(0, 9, 1, block=1, blocks=2))
    yield "flood", gs_agreement(SMALL_BUDGET | SMALL_WINDOW) + b"".join(
        gs_plausible(i % 4, 60, i % 60, 20, block=i % 4, blocks=4)
        for i in range(200))
    yield "far", agree + sent(64) + b"".join(
        gs_plausible(200, 1, 0) for i in range(9))
    yield "sealed", (bytes(11) + b"V" + struct.pack("<I", 1) + bytes(16)
                     + gs_packet())
    plain, hidden = bytes([AUDIO, 0]), bytes([AUDIO, 1])
    yield "audio", plain + b"".join(audio_block(i) for i in range(64))
    yield "audio-hidden", hidden + b"".join(audio_block(i) for i in range(64))
    yield "audio-unequal", plain + audio_block(0x80) + audio_block(0x83)
    yield "audio-raw", (plain + raw(b"\x80\x61" + bytes(11))
                        + raw(b"\x80\x7f" + bytes(30)) + raw(b""))
    yield "audio-forged", hidden + audio_block() + b"".join(
        audio_packet(i, 64) + audio_parity(i, 64, i % 3) + time(20)
        for i in range(-4, 30))
    yield "audio-far", plain + audio_block() + b"".join(
        audio_packet(200, 60) for i in range(9)) + audio_block() * 9


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for seeds in (punktfunk1, gamestream):
        corpus = pathlib.Path(sys.argv[1]) / ("wire-" + seeds.__name__)
        corpus.mkdir(parents=True, exist_ok=True)
        for name, data in seeds():
            (corpus / name).write_bytes(data)


if __name__ == "__main__":
    main()
