#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the first inputs of fuzz-pairing and fuzz-store into corpus/."""
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
FP = "00112233445566778899aabbccddeeff" * 2


def put(target, name, data):
    directory = HERE / "corpus" / target
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(data)


ARM, CLIENT, BEGIN, REQUEST, TAKE, CHALLENGE, PROOF, RESULT, FORGED = range(1, 10)
good = bytes([ARM, 40, CLIENT, 2, BEGIN, REQUEST, TAKE, CHALLENGE, PROOF, RESULT, 1, 1])
wait = bytes([0, 30])
put("pairing", "good", good)
put("pairing", "wrong-pin", bytes([ARM, 40, CLIENT, 3, BEGIN, REQUEST, TAKE, CHALLENGE, PROOF, RESULT, 0, 0]))
put("pairing", "twice", good + wait + good[2:])
put("pairing", "burnt", (good[:7] + bytes([RESULT, 0, 0]) + wait) * 5)
put("pairing", "out-of-turn", bytes([ARM, 40, CLIENT, 2, BEGIN, PROOF, REQUEST, TAKE, CHALLENGE]))
put("pairing", "bound", bytes([ARM, 41]) + good[2:])
vectors = json.loads((HERE.parent / "vectors/punktfunk1/spake2.json").read_text())
first = vectors["vectors"][0]
for key in ("PairRequest_name_Deck", "PairChallenge", "PairProof", "PairResult_ok"):
    message = bytes.fromhex(first[key])
    put("pairing", "forged-" + key.split("_")[0].lower(),
        bytes([ARM, 40, CLIENT, 2, BEGIN, FORGED, len(message)]) + message + bytes([TAKE, CHALLENGE]))

put("store", "empty", b"{}")
put("store", "one", json.dumps({"clients": [{"name": "Deck", "fingerprint": FP}]}).encode())
put("store", "rights", json.dumps({"clients": [
    {"name": "TV", "fingerprint": FP, "grants": 2, "expires_unix": 4000000000, "granted_unix": 5},
    {"name": "\u202e\u001b[2J", "fingerprint": FP.upper(), "grants": -1, "expires_unix": "never"}]}).encode())
put("store", "odd", b'{"clients":[1,null,[],{"fingerprint":3},{"fingerprint":"zz"},{"name":{}}],"x":{"y":[[[]]]}}')
put("store", "deep", b"[" * 64)
put("store", "no-list", b'{"clients":{"a":"]"}}')
