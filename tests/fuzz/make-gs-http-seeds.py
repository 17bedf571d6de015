#!/usr/bin/python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of fuzz-gs-http into corpus/gs-http."""
import os

HEAD = b" HTTP/1.1\r\nHost: host\r\nUser-Agent: x\r\nAccept: */*\r\n"
COMMON = b"uniqueid=0123456789ABCDEF&uuid=9f4c1f0e-5f5a-4c6b-8f7e-1c2d3e4f5a6b"
PAIR = b"/pair?" + COMMON + b"&devicename=roth&updateState=1&"
LAUNCH = (b"appid=881448767&mode=1280x720x60&additionalStates=1&sops=1&rikey="
          b"000102030405060708090a0b0c0d0e0f&rikeyid=-5&localAudioPlayMode=0&"
          b"surroundAudioInfo=196610&remoteControllersBitmap=0&gcmap=0&corever=1")


def get(path, more=b""):
    return b"GET " + path + HEAD + more + b"\r\n"


SEEDS = {
    "serverinfo": b"\0" + get(b"/serverinfo?" + COMMON),
    "serverinfo-tls": b"\3" + get(b"/serverinfo?" + COMMON),
    "stranger": b"\1" + get(b"/applist?" + COMMON),
    "pair-1": b"\4" + get(PAIR + b"phrase=getservercert&salt=" + b"00" * 16 +
                          b"&clientcert=" + b"2d" * 200),
    "pair-2": b"\0" + get(PAIR + b"clientchallenge=" + b"ab" * 16),
    "pair-5": b"\3" + get(PAIR + b"phrase=pairchallenge"),
    "launch": b"\7" + get(b"/launch?" + COMMON + b"&" + LAUNCH),
    "resume": b"\3" + get(b"/resume?" + COMMON + b"&" + LAUNCH),
    "cancel": b"\7" + get(b"/cancel?" + COMMON),
    "appasset": b"\3" + get(b"/appasset?appid=1&AssetType=2&AssetIdx=0"),
    "two": b"\0" + get(b"/serverinfo") + get(b"/serverinfo"),
    "close": b"\0" + get(b"/serverinfo", b"Connection: close\r\n"),
    "body": b"\0POST /actions/clipboard" + HEAD +
            b"Content-Length: 4\r\n\r\ntext",
    "large-body": b"\0POST /x" + HEAD + b"Content-Length: 99999999\r\n\r\nabc",
    "chunked": b"\0POST /x" + HEAD +
               b"Transfer-Encoding: chunked\r\n\r\n4\r\ntext\r\n0\r\n\r\n",
    "expect": b"\0POST /x" + HEAD +
              b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\ntext",
    "two-lengths": b"\0" + get(b"/x", b"Content-Length: 1\r\n"
                               b"Content-Length: 2\r\n"),
    "percent": b"\0" + get(b"/%2e%2e/%zz?%=%&&&==%00&a=%ff&b=+&c"),
    "absolute": b"\0" + get(b"http://user:pw@[::1]:1/x?y#z"),
    "options": b"\0" + b"OPTIONS *" + HEAD + b"\r\n",
    "connect": b"\0" + b"CONNECT a:1" + HEAD + b"\r\n",
    "http-1.0": b"\0GET /serverinfo HTTP/1.0\r\n\r\n",
    "http-2": b"\0PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "upgrade": b"\0" + get(b"/x", b"Connection: Upgrade\r\nUpgrade: websocket"
                           b"\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                           b"Sec-WebSocket-Version: 13\r\n"),
    "bare-lf": b"\0GET /x HTTP/1.1\nHost: h\n\n",
    "no-host": b"\0GET /x HTTP/1.1\r\n\r\n",
    "cut": b"\0GET /serverinfo HTTP/1.1\r\nHos",
    "tls": b"\0\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "empty": b"\0",
}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.join(here, "corpus", "gs-http")
    os.makedirs(folder, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
