"""Tests of causeway_evidence.py with a file that the Swift program made: `samples/message.evidence`, and the registry's key beside it."""
import base64
import contextlib
import copy
import io
import json
import os
import unittest
import unittest.mock

import causeway_evidence as evidence
import causeway_timestamp as timestamp
import causeway_verify as verify
from builders import TestCase, flips, shared

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")
SAMPLE, KEY = os.path.join(FOLDER, "message.evidence"), os.path.join(FOLDER, "message.evidence.registry-key")
with open(SAMPLE, "rb") as sample:
    GOOD = sample.read()
OTHER_KEY = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = evidence.main([*arguments, "--json"])
    return code, json.loads(out.getvalue()) if out.getvalue() else None


class EvidenceTests(TestCase):
    def check(self, data, *options, key=KEY):
        return run("--registry-key", key, self.file("file", data), *options)

    def changed(self, **changes):
        """The findings after a change of the message; the maker's signature, which nobody renewed, is one of them."""
        file = json.loads(GOOD)
        for change in changes.values():
            change(file["messages"][0])
        code, report = self.check(verify.canonical(file))
        self.assertEqual(code, 65)
        found = {(finding["code"][9:], finding["at"]) for finding in report["findings"]}
        self.assertIn(("signature", "/signature"), found)
        return found - {("signature", "/signature")}

    def test_the_sample_is_sound(self):
        code, report = run("--registry-key", KEY, SAMPLE)
        self.assertEqual((code, report["findings"]), (0, []))
        self.assertEqual(report["messages"][0]["documents"]["wire"], ["enclosed", "envelope"])
        self.assertEqual(len(report["checkpoints"][0]["cosigned"]), 1)

    def test_each_flipped_byte_is_noticed(self):
        for i, bad in list(flips(GOOD))[::len(GOOD) // 150]:
            code, report = self.check(bad)
            self.assertEqual((code, report["sound"]), (65, False), i)
        for length in (0, 1, len(GOOD) // 2, len(GOOD) - 1):
            self.assertEqual(self.check(GOOD[:length])[0], 65)

    def test_each_member_counts(self):
        """Every value of another type or missing, at every place: refused, and never a traceback."""
        def places(value, path=()):
            yield path
            for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
                yield from places(inner, (*path, step))
        file = json.loads(GOOD)
        for path in list(places(file))[1:]:
            for other in (None, 7, "", [], {}, False):
                bad = copy.deepcopy(file)
                holder = bad
                for step in path[:-1]:
                    holder = holder[step]
                if holder[path[-1]] == other:
                    continue
                holder[path[-1]] = other
                # Only the form and the message: the expensive signatures are those of the other tests.
                with unittest.mock.patch.object(evidence, "check_jws", lambda text, kind, payload, key_of: payload or evidence.unbase64url(text.split(".")[1])):
                    with unittest.mock.patch.object(verify, "ed25519_holds", lambda *_: True):
                        self.assertIn(self.check(verify.canonical(bad))[0], (0, 65), path)

    def test_what_the_maker_could_change(self):
        message = json.loads(GOOD)["messages"][0]
        wire = [document["kind"] for document in message["documents"]].index("wire")
        def forge(message):
            message["documents"][wire]["bytes"] = base64.b64encode(b"<forged/>").decode()
        self.assertEqual(self.changed(state=lambda m: m.update(state="turned_away")), {("state", "/messages/0/state")})
        self.assertEqual(self.changed(document=forge), {("document", f"/messages/0/documents/{wire}")})
        self.assertEqual(self.changed(document=lambda m: m["documents"].pop(wire)), {("document", "/messages/0/documents")})
        self.assertIn(("envelope", "/messages/0/header"), self.changed(header=lambda m: m["header"].update(purpose="another")))
        self.assertIn(("receipt", "/messages/0/receipt"), self.changed(receipt=lambda m: m.update(receipt=m["receipt"][:-4] + "AAAA")))
        self.assertEqual(self.changed(entry=lambda m: m["entries"][0]["entry"].update(actor="XX")),
                         {("proof", "/messages/0/entries/0/proof"), ("timestamp", "/messages/0/entries/0/stamped"), ("timestamp", "/timeStamps/0")})
        self.assertEqual(self.changed(entry=lambda m: m.update(entries=[])),
                         {("incomplete", "/messages/0/entries"), ("timestamp", "/timeStamps/0")})

    def test_time_stamps(self):
        report = run("--registry-key", KEY, SAMPLE)[1]
        entries = [index for _, index in report["messages"][0]["entries"]]
        self.assertEqual([(stamp["entries"], stamp["verified"]) for stamp in report["timeStamps"]], [(entries, False)])
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(evidence.main(["--registry-key", KEY, SAMPLE]), 0)
        self.assertIn("signatures NOT checked", out.getvalue())
        def findings(change):
            file = json.loads(GOOD)
            change(file)
            found = self.check(verify.canonical(file))[1]["findings"]
            return {(finding["code"][9:], finding["at"]) for finding in found} - {("signature", "/signature")}
        stamped = {("timestamp", f"/messages/0/entries/{i}/stamped") for i in range(len(entries))}
        token = base64.b64decode(json.loads(GOOD)["timeStamps"][0])
        def tokens(*tokens):
            return lambda file: file.update(timeStamps=[base64.b64encode(token).decode() for token in tokens])
        imprint = token.index(timestamp.TimeStamp(token).imprint)
        other = token[:imprint] + bytes(32) + token[imprint + 32:]
        self.assertEqual(findings(tokens(token)), set())
        self.assertEqual(findings(tokens()), stamped)
        self.assertEqual(findings(tokens(other)), stamped | {("timestamp", "/timeStamps/0")})
        self.assertEqual(findings(tokens(token, other)), {("timestamp", "/timeStamps/1")})
        self.assertEqual(findings(tokens(token, token)), {("timestamp", "/timeStamps/1")})
        self.assertEqual(findings(lambda file: file["messages"][0]["entries"][0].update(stamped=None)), {("timestamp", "/timeStamps/0")})

    def test_tokens_that_are_none(self):
        """Refused, and never a traceback; where digest and time stand, each flip is refused or states another one."""
        token = base64.b64decode(json.loads(GOOD)["timeStamps"][0])
        for bad in [token[:n] for n in range(len(token))] + [token + b"\0", b"0" * (1 << 17)]:
            self.assertRaises(verify.NotSound, timestamp.TimeStamp, bad)
        good = timestamp.TimeStamp(token)
        at, stated = token.index(good.imprint), token.index(good.time.strftime("%Y%m%d").encode())
        for i, bad in flips(token):
            try:
                stamp = timestamp.TimeStamp(bad)
            except verify.NotSound:
                continue
            self.assertEqual(stamp.imprint != good.imprint, at <= i < at + 32, i)
            if stated <= i < stated + 14:
                self.assertNotEqual(stamp.time, good.time, i)

    def test_without_the_witness(self):
        def drop(message):
            for entry in message["entries"]:
                entry["proof"] = "".join(line for line in entry["proof"].splitlines(True) if not line.startswith("\u2014 witness."))
        self.assertEqual({code for code, _ in self.changed(proof=drop)}, {"not_final"})

    def test_another_registry_key(self):
        code, report = self.check(GOOD, key=self.file("key", OTHER_KEY))
        self.assertEqual((code, [finding["at"] for finding in report["findings"]]), (65, ["/registry"]))

    def test_usage(self):
        self.assertEqual(run("--registry-key", KEY, SAMPLE + ".absent")[0], 66)
        self.assertEqual(run("--registry-key", KEY + ".absent", SAMPLE)[0], 66)
        self.assertEqual(run("--registry-key", SAMPLE, SAMPLE)[0], 64)
        self.assertEqual(run(SAMPLE)[0], 64)


class P256Tests(unittest.TestCase):
    def test_wycheproof(self):
        """Signatures whose DER is strict, in the form r ‖ s that JWS has; the others never become one."""
        def integer(data, at):
            start, end = at + 2, at + 2 + data[at + 1]
            value = int.from_bytes(data[start:end], "big", signed=True)
            strict = data[at] == 2 and end > start and end <= len(data) and (value.bit_length() // 8 + 1) == end - start
            return (value, end) if strict and 0 <= value < 2**256 else (None, end)
        with open(shared("vectors/wycheproof/ecdsa_secp256r1_sha256_test.json")) as file:
            groups = json.load(file)["testGroups"]
        tried = {"valid": 0, "invalid": 0}
        for group in groups:
            key = bytes.fromhex(group["publicKey"]["uncompressed"])
            point = int.from_bytes(key[1:33], "big"), int.from_bytes(key[33:], "big")
            for case in group["tests"]:
                data = bytes.fromhex(case["sig"])
                try:
                    holds = data[0] == 0x30 and data[1] == len(data) - 2 < 0x80
                    (r, middle), end = integer(data, 2) if holds else (None, 0), 0
                    (s, end) = integer(data, middle) if r is not None else (None, 0)
                except IndexError:
                    continue
                if r is None or s is None or end != len(data):
                    self.assertNotEqual(case["result"], "valid", case)
                    continue
                raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
                self.assertEqual(evidence.p256_holds(point, bytes.fromhex(case["msg"]), raw), case["result"] == "valid", case)
                tried[case["result"]] += 1
        self.assertTrue(tried["valid"] > 100 and tried["invalid"] > 50, tried)

    def test_keys(self):
        spki = evidence.pem(OTHER_KEY.decode(), "PUBLIC KEY")
        self.assertEqual(evidence.public_key(spki), ("ES256", evidence.G))
        for i, bad in flips(spki):
            with self.assertRaises(verify.NotSound, msg=i):
                evidence.public_key(bad)


if __name__ == "__main__":
    unittest.main()
