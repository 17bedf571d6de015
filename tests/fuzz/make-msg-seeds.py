#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of the corpora of fuzz-msg and fuzz-session.

usage: make-msg-seeds.py VECTORS CORPUS

VECTORS is tests/vectors/punktfunk1/messages.json, CORPUS the folder of both.
fuzz-msg.c and fuzz-session.c say what the bytes mean. Fuzzing adds to these;
what it finds is kept by hand.
"""
import json
import pathlib
import struct
import sys

HELLO, WELCOME, WELCOME_EXT, START, START_EXT, CONTROL, DATAGRAM, FRAMES = \
    range(8)
EXTENSION = struct.pack("<H HH2s HH", 10, 2, 2, b"pf", 999, 0)


def framed(message):
    return struct.pack("<H", len(message)) + message


def messages(vectors):
    count = {}
    stream = b""
    for v in vectors:
        name, data = v["name"], bytes.fromhex(v["hex"])
        count[name] = count.get(name, -1) + 1
        kind = {"Hello": HELLO, "Welcome": WELCOME, "Start": START}.get(
            name, DATAGRAM if name.startswith("dgram_") else CONTROL)
        yield "%s-%d" % (name.lower(), count[name]), bytes([kind]) + data
        if kind != DATAGRAM:
            stream += framed(data)
        if kind == WELCOME and count[name] == 6:
            yield "welcome-ext", (bytes([WELCOME_EXT]) + data + bytes([0, 0])
                                  + EXTENSION)
        if kind == START:
            yield "start-ext", bytes([START_EXT]) + data + EXTENSION
    for size in (1, 7, 255):
        yield "frames-%d" % size, (bytes([FRAMES, size, 0]) + bytes(size)
                                   + stream[:800])
    yield "frames-oversized", bytes([FRAMES]) + framed(bytes(700)) * 2
    head = b"PKFc"
    yield "pair-request", (bytes([CONTROL]) + head + b"\x10\x04Deck\x21\0"
                           + bytes(33))
    yield "pair-challenge", bytes([CONTROL]) + head + b"\x11\x21\0" + bytes(65)
    yield "pair-proof", bytes([CONTROL]) + head + b"\x12" + bytes(32)
    for name, body in (("pair-result", b"\x13\1"), ("gap", b"\x0a\1\0\0\0"),
                       ("delivery", b"\x0b" + bytes(8)),
                       ("audio-state", b"\x59\1"), ("pads", b"\x5b\3\0"),
                       ("outcome", b"\x5a\3no")):
        yield name, bytes([CONTROL]) + head + body


# Steps of the host: the number modulo 7 says which.
def time(ms):
    return bytes([0]) + struct.pack("<H", ms // 4)


def raw(data):
    return bytes([1]) + struct.pack("<H", len(data)) + data


def control(kind, body=b""):
    return bytes([2, len(body), kind]) + body


def datagram(data):
    return bytes([3, 0, 0]) + struct.pack("<H", len(data)) + data


def punch(host, port):
    return bytes([3 + 7 * 3, host, port])  # bit 8 is set: 24


def hello(tail=b""):
    return bytes([4]) + struct.pack("<H", len(tail)) + tail


def accept(grants=0x3f, caps2=0):
    return bytes([5, 0, grants, caps2])


def answer(what, *more):
    return bytes([5, what]) + bytes(more)


START_STEP = bytes([6])


def moved(host):
    return bytes([6 + 7 * 6, host])  # 48: bit 16 and 32, not 8


def sessions(vectors):
    by_name = {}
    for v in vectors:
        by_name.setdefault(v["name"], []).append(bytes.fromhex(v["hex"]))
    host = bytes([0])
    tail = by_name["Hello"][7][20:]
    begin = host + hello(tail) + accept() + START_STEP
    yield "host-empty", host
    for i, data in enumerate(by_name["Hello"]):
        yield "host-hello-%d" % i, (host + raw(framed(data)) + accept()
                                    + START_STEP + time(3000))
    yield "host-parked", (host + hello(tail) + answer(2) + time(100000)
                          + accept() + START_STEP)
    yield "host-timeout", host + hello(tail) + answer(2) + time(200000)
    yield "host-silent", host + time(12000)
    yield "host-punches", (begin + punch(1, 1) + time(6000) + punch(1, 2)
                           + bytes([6 + 7 * 2, 2]) + time(3000) + punch(2, 3))
    yield "host-storm", begin + (control(3) + control(7, bytes(8)) + time(52)
                                 ) * 30
    yield "host-wishes", begin + b"".join(
        control(data[4], data[5:]) + answer(what)
        for what, name in ((3, "Reconfigure"), (4, "RequestKeyframe"),
                           (5, "RfiRequest"), (6, "ProbeRequest"),
                           (3, "LossReport"), (3, "SetBitrate"),
                           (3, "ClockProbe"), (3, "PhaseReport"))
        for data in by_name[name])
    yield "host-input", begin + b"".join(
        datagram(data) for name, many in sorted(by_name.items())
        for data in many if name.startswith(("dgram_input", "dgram_rich",
                                             "dgram_pen", "dgram_mic")))
    yield "host-rights", begin + answer(7, 0) + datagram(
        by_name["dgram_input_key_down"][0]) + answer(7, 4) + datagram(
            by_name["dgram_input_key_down"][0])
    pair = b"PKFc\x10\x04Deck\x21\0" + bytes(33)
    yield "host-pairing", (host + raw(framed(pair))
                           + control(0x12, bytes(32)) + time(61000))
    yield "host-oversized", begin + raw(b"\xff\xff" + bytes(200)) * 3
    yield "host-closed", begin + answer(251) + control(3)

    client = bytes([0x51])
    welcome = bytes([3, 0])
    yield "client-empty", client
    yield "client-silent", client + bytes([0]) + struct.pack("<H", 50000)
    for i, data in enumerate(by_name["Welcome"]):
        yield "client-welcome-%d" % i, (client + raw(framed(data))
                                        + time(3000))
    yield "client-cut", client + bytes([3, 32, 66]) + time(1000)
    yield "client-wishes", client + welcome + b"".join(
        bytes([4, what, 10, 0]) + time(100) for what in range(24))
    yield "client-answers", client + welcome + b"".join(
        control(data[4], data[5:])
        for name in ("Reconfigured", "BitrateChanged", "ProbeResult",
                     "ClockEcho", "PipelineGap", "AccessUpdate", "ClipState")
        for data in by_name[name]) + time(3000)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    vectors = json.loads(pathlib.Path(sys.argv[1]).read_text())["vectors"]
    for name, seeds in (("msg", messages), ("session", sessions)):
        corpus = pathlib.Path(sys.argv[2]) / name
        corpus.mkdir(parents=True, exist_ok=True)
        for seed, data in seeds(vectors):
            (corpus / seed).write_bytes(data)


if __name__ == "__main__":
    main()
