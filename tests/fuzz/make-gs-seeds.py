#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of the corpora of GameStream's control plane.

usage: make-gs-seeds.py VECTORS CORPUS

VECTORS is tests/vectors/gamestream, CORPUS the folder of all corpora. The
targets fuzz-enet.c, fuzz-gs-*.c say what the bytes mean. Fuzzing adds to
these; what it finds is kept by hand.
"""
import json
import pathlib
import struct
import sys

CLIENT = 0x80  # to the client, or by it


# fuzz-enet
def arrive(index=0):
    return bytes([3, index])


def lost(index=0):
    return bytes([3 | 32, index])


def doubled(index=0):
    return bytes([5, index])


def changed(at, xor, index=0):
    return bytes([5 | 32, index]) + struct.pack("<HB", at, xor)


def time(ms):
    return bytes([0, ms]) if ms < 256 else bytes([64, ms // 100])


def send(who, channel, kind, size):
    return bytes([6 | who, channel, kind - 1]) + struct.pack("<H", size)


def raw(who, data):
    return bytes([1 | who, len(data)]) + data


def command(cmd, channel, seq, *rest):
    return bytes([cmd, channel]) + struct.pack("<H", seq) + b"".join(rest)


def message(seq, size, count=1, total=None, offset=0):
    return struct.pack("<HBBHH", seq, size, count,
                       size if total is None else total, offset)


def forged(who, *commands):
    return bytes([2 | who, len(commands)]) + b"".join(commands)


def leave(who, gently):
    return bytes([7 | 96 | who, int(gently)])


def enet(vectors):
    hello = arrive() * 3
    yield "empty", b""
    yield "connect", hello
    yield "connect-lossy", lost() + time(200) + hello + lost() + time(250) \
        + arrive() * 6
    yield "nobody", lost() + time(10000) + time(100)
    for kind in (1, 2, 3):
        yield "kind-%d" % kind, hello + send(CLIENT, 1, kind, 9) * 5 \
            + send(0, 2, kind, 700) * 5 + arrive() * 8
    for kind in (1, 2):
        yield "fragments-%d" % kind, hello + send(CLIENT, 0, kind, 9000) \
            + arrive(3) + arrive(1) + doubled(2) + lost(0) + time(100) \
            + arrive() * 12
    yield "leave", hello + send(0, 0, 1, 40) + leave(0, True) + arrive() * 6
    yield "drop", hello + leave(CLIENT, False) + arrive() * 3
    yield "vanished", hello + (time(500) + lost() * 4) * 30
    yield "changed", hello + send(CLIENT, 1, 1, 30) + changed(4, 0x0f) \
        + changed(0, 0xff) + arrive() * 3
    yield "early", hello + b"".join(
        forged(0, command(6 | 0x80, 1, n, message(0, 200)))
        for n in range(2, 120)) \
        + forged(0, command(6 | 0x80, 1, 1, message(0, 4)))
    yield "fragments-forged", hello + b"".join(
        forged(0, command(8 | 0x80, 1, 1 + n, message(n, 8, 3, 24, 8 * n)))
        for n in (2, 0, 1, 1)) + forged(
            0, command(12, 1, 3, message(1, 8, 3, 24, 8)),
            command(8 | 0x80, 0, 9, message(1, 8, 200, 24, 65535)))
    yield "acks", hello + send(0, 1, 1, 10) + forged(
        0, command(1, 1, 1, struct.pack("<H", 1)),
        command(1, 255, 1, struct.pack("<H", 1)))
    yield "controls", hello + forged(0, command(5 | 0x80, 255, 2),
                                     command(10 | 0x80, 255, 3, message(0, 0)),
                                     command(4 | 0x80, 255, 4))
    for i, d in enumerate(vectors["datagrams"][:12]):
        yield "captured-%d" % i, hello + raw(0, bytes.fromhex(d["data"])[:255])


# fuzz-gs-rtsp
REQUEST, ANSWER, ANNOUNCE, DESCRIBE, HOST = (bytes([n]) for n in range(5))


def rtsp(vectors):
    requests = [x["request_plain"].encode() for x in vectors["exchanges"]]
    answers = [x["response_plain"].encode() for x in vectors["exchanges"]]
    for i, data in enumerate(requests):
        yield "request-%d" % i, REQUEST + data
    for i, data in enumerate(answers):
        yield "answer-%d" % i, ANSWER + data
    sdp = requests[5].split(b"\r\n\r\n", 1)[1]
    yield "announce", ANNOUNCE + sdp
    yield "announce-zero", ANNOUNCE + sdp.replace(b"1360", b"0")
    yield "announce-large", ANNOUNCE + sdp.replace(b":1", b":99999999999")
    yield "announce-av1", ANNOUNCE + sdp.replace(b"Format:1", b"Format:2")
    yield "describe", DESCRIBE + answers[1].split(b"\r\n\r\n", 1)[1]
    yield "describe-odd", DESCRIBE + b"a=surround-params=31001\nAV1/90000" \
        b"a=x-ss-general.featureFlags: 0x3\nsurround-params=8530123456"
    plain = b"".join(requests).replace(b"Format:1", b"Format:0")
    yield "host", HOST + plain
    yield "host-av1", HOST + plain.replace(b"Format:0", b"Format:2").replace(
        b"RangeMode:0", b"RangeMode:1")
    yield "host-order", HOST + b"".join(reversed(requests))
    yield "host-length", HOST + plain.replace(b"1497", b"9" * 12)
    yield "lines", REQUEST + b"PLAY / RTSP/1.0\nCSeq: 1\n" + b"a: b\n" * 40
    yield "long", REQUEST + b"PLAY /" + b"a" * 5000


# fuzz-gs-control
def control(vectors, inputs):
    for i, v in enumerate(vectors["control"]):
        payload = bytes.fromhex(v["payload"])
        yield "message-%d" % i, bytes([v["direction"][0] == "h"]) \
            + struct.pack("<HH", int(v["type"], 16), len(payload)) + payload
    packets = [bytes.fromhex(v["packet"]) for v in inputs["vectors"]]
    for i, data in enumerate(packets):
        yield "input-%d" % i, bytes([2, len(data)]) + data
    every = b"".join(bytes([len(p)]) + p for p in packets)
    yield "inputs", bytes([2]) + every
    yield "inputs-twice", bytes([2]) + every * 2
    yield "nan", bytes([2, 36]) + packets[10].replace(
        bytes.fromhex("0000803e"), bytes.fromhex("0000c07f"))


# fuzz-gs-session
def session(vectors):
    ask = bytes([1, 0])
    connected, sent = bytes([5, 1]), bytes([5, 0])
    video, audio = bytes([3, 1]), bytes([3, 0x81])

    def tell(kind, body=b""):
        return bytes([4]) + struct.pack("<HB", kind, len(body)) + body

    def wait(ms):
        return bytes([0, ms // 20])

    for name, flags in (("plain", 0x3e), ("sealed", 0x3f), ("old", 0x00)):
        begin = bytes([flags]) + ask * 7
        run = begin + connected + video + audio + sent
        yield name + "-path", run + tell(0x302, bytes(2)) + wait(200)
        yield name + "-expired", bytes([flags]) + ask * 3 + wait(5000) * 3
        yield name + "-incomplete", begin + video + wait(5000) * 3
        yield name + "-vanished", run + tell(0x200, bytes(8)) + wait(5000) * 3
        yield name + "-left", run + bytes([5, 202])
        yield name + "-closed", run + bytes([5, 182]) + tell(0x302) + ask
        yield name + "-rfi", run + b"".join(
            tell(0x301, struct.pack("<QQQ", n, n + 2, 0)) + wait(20)
            for n in (5, 9, 400, 12))
        yield name + "-input", run + b"".join(
            tell(0x206, bytes.fromhex(v["packet"]))
            for v in vectors["vectors"])
        yield name + "-pings", begin + connected + bytes(
            [3, 0, 3, 2, 3, 4, 3, 0x11, 3, 0x91, 3, 0x0b, 3, 1])
        yield name + "-refused", bytes([flags]) + ask * 5 + bytes([1, 0x10])
        yield name + "-raw", bytes([flags, 2, 1, 40]) \
            + b"OPTIONS / RTSP/1.0\r\nCSeq: 1\r\n\r\n123456" \
            + bytes([2, 9, 3]) + b"abc"


# fuzz-gs-pair
def pair(vectors):
    for n in range(7):
        yield "right-%d" % n, bytes(range(n))
    for n in range(5):
        yield "changed-%d" % n, bytes(range(n)) + bytes([n | 8, 3, 0]) \
            + bytes(range(n + 1, 6))
        yield "any-%d" % n, bytes(range(n)) + bytes([n | 16, 4]) + b"4711" \
            + bytes(range(n + 1, 6))
        yield "again-%d" % n, bytes(range(n + 1)) + bytes([n])
    yield "confirm-other", bytes(range(5)) + bytes([5 | 16, 0])
    yield "late", bytes([0, 1, 6, 59, 2, 6, 59, 3, 6, 61, 4])
    yield "cert", vectors["client_cert_pem"].encode()


def write(folder, seeds):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds:
        (folder / name).write_bytes(data)


def main():
    vectors, corpus = map(pathlib.Path, sys.argv[1:3])

    def load(name):
        return json.loads((vectors / name).read_text())

    write(corpus / "enet", enet(load("enet_session.json")))
    write(corpus / "gs-control", control(load("control_rtsp.json"),
                                         load("input.json")))
    write(corpus / "gs-session", session(load("input.json")))
    write(corpus / "gs-pair", pair(load("pairing.json")))
    write(corpus / "gs-rtsp", rtsp(load("rtsp_session.json")))


main()
