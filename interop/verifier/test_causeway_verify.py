"""Tests of keys, notes, trees and policies. Run: python3 -m unittest discover -s interop/verifier"""
import base64
import glob
import json
import os
import re
import unittest

import builders as build
import causeway_verify as verify
from builders import LOG, OTHER, POLICY, REPORTER, WITNESS, Signer, TestCase, base64_of, checkpoint, leaf, shared, tree


class Ed25519Tests(TestCase):
    # RFC 8032 section 7.1: secret key, public key, message, signature.
    VECTORS = [
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
         "", "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
         "72", "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
         "af82", "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    ]

    def test_rfc_8032_vectors(self):
        for seed, public, message, signature in ([bytes.fromhex(text) for text in vector] for vector in self.VECTORS):
            signer = Signer("k", seed)
            self.assertEqual((signer.public, signer.sign(message)), (public, signature))
            self.assertTrue(verify.ed25519_holds(public, message, signature))
            self.assertFalse(verify.ed25519_holds(public, message + b"x", signature))
            for i in range(0, 64, 7):
                self.assertFalse(verify.ed25519_holds(public, message, signature[:i] + bytes([signature[i] ^ 1]) + signature[i + 1:]))

    def test_wycheproof(self):
        with open(shared("vectors/wycheproof/ed25519_test.json")) as file:
            vectors = json.load(file)
        cases = [(group, case) for group in vectors["testGroups"] for case in group["tests"]]
        self.assertEqual(len(cases), vectors["numberOfTests"])
        for group, case in cases:
            holds = verify.ed25519_holds(*(bytes.fromhex(text) for text in (group["publicKey"]["pk"], case["msg"], case["sig"])))
            self.assertEqual(holds, case["result"] == "valid", case["tcId"])

    def test_other_encodings_of_a_signature_are_refused(self):
        signature = LOG.sign(b"text")
        larger = int.from_bytes(signature[32:], "little") + verify.L
        self.assertTrue(verify.ed25519_holds(LOG.public, b"text", signature))
        self.assertFalse(verify.ed25519_holds(LOG.public, b"text", signature[:32] + larger.to_bytes(32, "little")))
        for cut in (0, 31, 32, 63):
            self.assertFalse(verify.ed25519_holds(LOG.public, b"text", signature[:cut]))
        self.assertFalse(verify.ed25519_holds(LOG.public, b"text", signature + b"\0"))

    def test_points_of_small_order_and_other_encodings_are_refused(self):
        half = 2**255
        # A generator of the subgroup of order 8: L times a point that is not in the subgroup of order L.
        for y in range(2, 50):
            p = verify.point(y.to_bytes(32, "little"))
            q = verify.times(verify.L, p) if p else (0, 1, 1, 0)
            if (twice := verify.times(4, q))[1] != twice[2]:
                break
        small = {build.encode(verify.times(i, q)) for i in range(8)}
        self.assertEqual(len(small), 8)
        other = {(verify.P + y | sign).to_bytes(32, "little") for y in range(19) for sign in (0, half)} | {(1 | half).to_bytes(32, "little")}
        for encoded in small | other:
            self.assertIsNone(verify.point(encoded), encoded.hex())
            # With a key of small order anything would be "signed": S·B = R + k·A for S = 0, R = -k·A.
            self.assertFalse(verify.ed25519_holds(encoded, b"text", encoded + bytes(32)))
            self.assertFalse(verify.ed25519_holds(LOG.public, b"text", encoded + bytes(32)))
        self.assertEqual(build.encode(verify.point(LOG.public)), LOG.public)


class MerkleTests(TestCase):
    def cases(self, kind, count):
        found = sorted(glob.glob(os.path.join(shared("vectors/tlog/merkle/testdata"), kind, "**", "*.json"), recursive=True))
        self.assertEqual(len(found), count)
        for path in found:
            with open(path) as file:
                case = json.load(file)
            yield path, case, [base64.b64decode(text) for text in case["proof"] or []], lambda name: base64.b64decode(case[name] or "")

    def test_published_inclusion_cases(self):
        for path, case, proof, value in self.cases("inclusion", 98):
            root = verify.inclusion_root(value("leafHash"), case["leafIdx"], case["treeSize"], proof)
            self.assertEqual(root is not None and root == value("root"), not case["wantErr"], path)

    def test_published_consistency_cases(self):
        for path, case, proof, value in self.cases("consistency", 98):
            holds = verify.is_consistent(case["size1"], case["size2"], value("root1"), value("root2"), proof)
            self.assertEqual(holds, not case["wantErr"], path)

    def test_own_trees(self):
        leaves = [leaf(bytes([i])) for i in range(70)]
        for size in range(71):
            self.assertEqual(verify.tree_hash(leaves[:size]), tree(leaves[:size]))
        for size in (1, 2, 3, 7, 8, 9, 64, 65, 70):
            for index in range(size):
                path, root = build.inclusion(index, leaves[:size]), tree(leaves[:size])
                self.assertEqual(verify.inclusion_root(leaves[index], index, size, path), root)
                for wrong in (path + [root], path[1:], [root] + path):
                    self.assertNotEqual(verify.inclusion_root(leaves[index], index, size, wrong), root if wrong != path else None)
                self.assertIsNone(verify.inclusion_root(leaves[index], index + size, size, path))
                self.assertIsNone(verify.inclusion_root(leaves[index], -1, size, path))

    def test_own_consistency(self):
        leaves = [leaf(bytes([i])) for i in range(33)]
        for second in range(1, 34):
            new = tree(leaves[:second])
            for first in range(1, second + 1):
                old, path = tree(leaves[:first]), build.consistency(first, leaves[:second])
                self.assertTrue(verify.is_consistent(first, second, old, new, path))
                self.assertFalse(verify.is_consistent(first, second, leaf(b"x"), new, path))
                self.assertFalse(verify.is_consistent(first, second, old, leaf(b"x"), path))
                self.assertFalse(verify.is_consistent(first, second, old, new, path + [new]))
                self.assertFalse(path and verify.is_consistent(first, second, old, new, path[:-1]))
                if first < second:  # with its first node explicit, the path itself says what the old root was
                    explicit = build.consistency(first, leaves[:second], whole=False)
                    self.assertEqual(verify.consistency_roots(first, second, explicit), (old, new))


class NoteTests(TestCase):
    TEXT = b"a\n\nb\n"

    def verified(self, data, *signers):
        return verify.verify_signatures(*verify.parse_note(data), [signer.key for signer in signers])

    def test_sound_notes(self):
        self.assertEqual(list(self.verified(build.note(self.TEXT, LOG), LOG)), [LOG.key])
        self.assertEqual(self.verified(build.note(self.TEXT, LOG, WITNESS), WITNESS), {WITNESS.key: 1_700_000_000})
        signers = [Signer(f"k{i}") for i in range(16)]
        self.assertEqual(len(self.verified(build.note(self.TEXT, *signers), *signers)), 16)
        huge = build.note(self.TEXT, LOG) + f"\u2014 pq {base64_of(bytes(5000))}\n".encode()
        self.assertEqual(list(self.verified(huge, LOG)), [LOG.key])

    def test_unknown_keys_are_ignored_and_bad_signatures_of_known_ones_are_not(self):
        same_name, same_id = Signer(LOG.name, b"s" * 32), Signer("other")
        forged = same_id.line(self.TEXT).split(b" ")[:2] + [base64_of(LOG.key.id + bytes(64)).encode() + b"\n"]
        data = build.note(self.TEXT, LOG, same_name) + b" ".join(forged)
        self.assertEqual(list(self.verified(data, LOG)), [LOG.key])
        self.assertEqual(self.verified(data, OTHER), {})
        bad = f"\u2014 {LOG.name} {base64_of(LOG.key.id + bytes(64))}\n".encode()
        self.refuses(self.verified, build.note(self.TEXT, LOG) + bad, LOG)
        late = WITNESS.line(self.TEXT, time=2**63)
        self.refuses(self.verified, self.TEXT + b"\n" + late, WITNESS)
        self.assertEqual(self.verified(self.TEXT + b"\n" + WITNESS.line(self.TEXT, time=2**63 - 1), WITNESS)[WITNESS.key], 2**63 - 1)

    def test_malformed_notes(self):
        good, line = build.note(self.TEXT, LOG), LOG.line(self.TEXT)
        self.assertTrue(self.verified(good, LOG))
        name, encoded = line.decode().split(" ")[1:]
        for data in (b"", b"\n", b"\n\n", self.TEXT, self.TEXT + b"\n", good[:-1], good + b"\n", good.replace(b"\n", b"\r\n"),
                     b"a\n" + line, b"\n" + line, good + b"x\n", b"\t" + good, b"\xff" + good, b"\xed\xa0\x80" + good, b"\xef\xbb\xbf\0" + good,
                     *(self.TEXT + b"\n" + text.encode() for text in (
                         f"- {name} {encoded}", f"\u2014{name} {encoded}", f"\u2014  {name} {encoded}", f"\u2014 {encoded}", f"\u2014 {name}\n",
                         f"\u2014 a+b {encoded}", f"\u2014 a\u00a0b {encoded}", f"\u2014 a\u2028b {encoded}", f"\u2014 {name} {encoded[:-2]}\n",
                         f"\u2014 {name} {encoded[:-1]} \n", f"\u2014 {name} AAAAAA==\n", f"\u2014 {name} {encoded[:-2]}*\n", f"\u2014 {name} AAAAAAF=\n"))):
            self.refuses(lambda: self.verified(data, LOG) or self.fail(data))
        self.refuses(verify.parse_note, self.TEXT + b"\n" + line * 65)

    def test_checkpoints(self):
        trust = verify.Trust({LOG.key: LOG.name}, {}, {}, "none")
        root = base64_of(bytes(32))
        for body in (f"{LOG.name}\n5\n{root}\n",):
            self.assertEqual(verify.parse_checkpoint(build.note(body.encode(), LOG), trust).size, 5)
        for body in (f"{LOG.name}\n05\n{root}\n", f"{LOG.name}\n-5\n{root}\n", f"{LOG.name}\n5 \n{root}\n", f"{LOG.name}\n\u0665\n{root}\n",
                     f"{LOG.name}\n{2**63}\n{root}\n", f"{LOG.name}\n5\n{root[:-4]}\n", f"{LOG.name}\n5\n{root[:-2]}B=\n", f"{LOG.name}\n5\n",
                     f"other\n5\n{root}\n", f"{LOG.name}\n5\n{root}\nextension\n", f"{LOG.name}\n5\n{root}\n\n", f"{LOG.name} \n5\n{root}\n"):
            self.refuses(verify.parse_checkpoint, build.note(body.encode(), LOG), trust)
        extended = build.note(f"{LOG.name}\n5\n{root}\nextension\n".encode(), LOG)
        self.assertEqual(verify.parse_checkpoint(extended, trust, as_evidence=True).size, 5)

    def test_verifier_keys(self):
        self.assertEqual(verify.parse_key(LOG.vkey), LOG.key)
        unknown = verify.parse_key("post.quantum+01020304+" + base64_of(b"\x06" + bytes(1312)))
        self.assertEqual((unknown.kind, unknown.id), (6, b"\1\2\3\4"))
        name, key_id, encoded = LOG.vkey.split("+", 2)
        other_id, small = f"{int(key_id, 16) ^ 1:08x}", base64_of(b"\x01" + bytes(32))
        for text in ("", "+", "++", name, f"{name}+{key_id}", f"{name}+{key_id}+", f"+{key_id}+{encoded}", f"{name}+{key_id.upper()}A+{encoded}",
                     f"{name}+{other_id}+{encoded}", f"a b+{key_id}+{encoded}", f"{name}+{key_id}+{encoded}\n", f"{name}+{key_id}+{encoded[:-4]}",
                     f"{name}+{verify.make_key(name, 1, bytes(32)).id.hex()}+{small}", LOG.vkey.replace(name, name + "\udcff")):
            self.refuses(verify.parse_key, text)

    def test_torchwood_add_checkpoint_bodies(self):
        with open(shared("vectors/tlog/torchwood/cmd/litewitness/testdata/litewitness.txt")) as file:
            text = file.read()
        origin = re.search(r"sigsum\.org/v1/tree/[0-9a-f]{64}", text)[0]
        key = verify.make_key(origin, 1, bytes.fromhex(re.search("add-sigsum-log -key=([0-9a-f]{64})", text)[1]))
        trust, seen = verify.Trust({key: origin}, {}, {}, "none"), {}
        bodies = re.findall(r"```\n(old .*?)```\nHTTP ([0-9]+)\n\[Asserts\]\n(.*?)\n", text, re.S)
        self.assertEqual([status for _, status, _ in bodies], "200 403 403 422 422 200 409 200 409".split())
        for body, status, expected in bodies:
            head, _, signed = body.encode().partition(b"\n\n")
            old, *path = head.decode().split("\n")
            if status == "403":
                self.refuses(verify.parse_checkpoint, signed, trust)
                continue
            new = verify.parse_checkpoint(signed, trust)
            first, path = int(old.split(" ")[1]), verify.parse_hashes(path)
            if first:
                self.assertEqual(verify.is_consistent(first, new.size, seen[first], new.root, path), status != "422", expected)
            if status == "200":
                seen[new.size] = new.root

    def test_sunlight_witness_checkpoints(self):
        folder = shared("vectors/tlog/sunlight-skylight/cmd/skylight/testdata")
        for where in ("witness/witness.v0.json", "witness2/witness.v0.json", "witness/mirror/mirror.v0.json"):
            with open(os.path.join(folder, where)) as file:
                key = verify.parse_key(json.load(file)["verifier_keys"][0])
            for path in glob.glob(os.path.join(folder, os.path.dirname(where), "?" * 64, "checkpoint")):
                with open(path, "rb") as file:
                    data = file.read()
                lines, signatures = verify.parse_note(data)
                self.assertEqual(verify.verify_signatures(lines, signatures, [key]), {key: 1767139200})
                changed = lines[:1] + ["301"] + lines[2:]
                self.refuses(verify.verify_signatures, changed, signatures, [key])

    def test_sum_database_checkpoint(self):
        with open(shared("vectors/tlog/torchwood/cmd/litewitness/testdata/sumdb.txt")) as file:
            text = file.read()
        key = verify.parse_key(re.search(r"-key (sum\.golang\.org\S+)", text)[1])
        signed = re.search(r"```\nold 0\n\n(.*?)```", text, re.S)[1].encode()
        self.assertEqual(verify.parse_checkpoint(signed, verify.Trust({key: "go.sum database tree"}, {}, {}, "none")).size, 35225469)
        self.refuses(verify.parse_checkpoint, signed, verify.Trust({key: key.name}, {}, {}, "none"))


class PolicyTests(TestCase):
    def quorum(self, lines, *names):
        head = f"log {LOG.vkey}\n" + "".join(f"witness {name} {Signer(name, kind=4).vkey}\n" for name in "abcdef")
        return verify.is_quorum(verify.parse_policy((head + lines).encode(errors="surrogateescape")), names)

    def test_quorums(self):
        nested = "group x 2 a b c\ngroup y any d e\ngroup z all x y\nquorum z\n"
        for lines, names, expected in (
                ("quorum none\n", "", True), ("quorum a\n", "a", True), ("quorum a\n", "bc", False), ("group g any a b\nquorum g\n", "b", True),
                ("group g all a b\nquorum g\n", "a", False), ("group g all a b\nquorum g\n", "ab", True), ("group g 2 a b c\nquorum g\n", "ac", True),
                (nested, "abd", True), (nested, "abc", False), (nested, "ade", False), (nested, "", False),
                ("# a comment\n \t# another\n\n \t \nquorum\t none \n", "", True), ("group g 1 a\nquorum b\n", "a", False)):
            self.assertEqual(self.quorum(lines, *names), expected, lines)

    def test_policies_that_are_refused(self):
        again, sg = Signer("a", kind=4).vkey, Signer("new", kind=4).vkey
        self.assertTrue(self.quorum(f"witness new {sg} https://new.example/ \nquorum none\n"))
        self.assertTrue(self.quorum("group \u00e9 any a\nquorum \u00e9\n", "a"))
        self.assertTrue(self.quorum("group \udce9 any a\nquorum \udce9\n", "a"))  # names are bytes, UTF-8 or not
        self.assertFalse(self.quorum("group K any a\ngroup \u212a any b\nquorum \u212a\n", "a"))  # K and the Kelvin sign are two names
        for lines in ("", "quorum none", "quorum none\nquorum none\n", "quorum g\n", "quorum g\ngroup g any a\n", "group g any\nquorum g\n",
                      "group g any a g\nquorum g\n", "group g any none\nquorum g\n", "group none any a\nquorum none\n", "group a any b\nquorum a\n",
                      "group g 0 a\nquorum g\n", "group g 2 a\nquorum g\n", "group g 01 a\nquorum g\n", "group g +1 a\nquorum g\n", "group g ANY a\nquorum g\n",
                      "group g any a a\nquorum g\n", "group g any a\ngroup h any a\nquorum h\n", "group g any h\ngroup h any a\nquorum g\n",
                      "quorum none\r\n", "quorum none\n\0", "quorum none\n\x7f\n", "quorum\x0bnone\n", "quorum none none\n", "Quorum none\n", "quorum\n",
                      "policy v1\nquorum none\n", f"log {LOG.vkey}\nquorum none\n", f"log {LOG.vkey}x\nquorum none\n", "log\nquorum none\n",
                      f"log {Signer(LOG.name, kind=4).vkey}\nquorum none\n", f"log {Signer('l').vkey} u v\nquorum none\n",
                      f"witness new {again}\nquorum none\n", f"witness a {sg}\nquorum none\n", f"witness none {sg}\nquorum none\n",
                      f"witness new {Signer('new').vkey}\nquorum none\n", f"witness new\nquorum none\n", f"witness new {sg} u v\nquorum none\n"):
            self.refuses(self.quorum, lines)

    def test_forty_of_each(self):
        lines = "".join(f"log {Signer(f'l{i}').vkey}\nwitness w{i} {Signer(f'w{i}', kind=4).vkey}\ngroup g{i} any w{i}\n" for i in range(40))
        self.assertTrue(verify.is_quorum(verify.parse_policy(f"{lines}group all 39 {' '.join(f'g{i}' for i in range(40))}\nquorum all\n".encode()),
                                         [f"w{i}" for i in range(1, 40)]))

    def test_a_checkpoint_needs_the_quorum(self):
        leaves = [leaf(b"a")]
        policy = self.file("policy", POLICY)
        proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n"
        data = self.file("entry", b"a")
        for cosigners in ((WITNESS,), (OTHER,), (WITNESS, OTHER)):
            report = self.assertSound("proof", self.file("p", proof + checkpoint(LOG, leaves, *cosigners)), "--entry", data, "--policy", policy)
            self.assertEqual(len(report["cosigned"]), len(cosigners))
        stranger = Signer("stranger", kind=4)
        for cosigners in ((), (stranger,), (REPORTER,)):
            self.assertNotSound("proof", self.file("p", proof + checkpoint(LOG, leaves, *cosigners)), "--entry", data, "--policy", policy,
                                field="cosignature")
        self.assertNotSound("proof", self.file("p", proof + checkpoint(Signer("other"), leaves, WITNESS)), "--entry", data, "--policy", policy,
                            field="signature")
        self.assertNotSound("proof", self.file("p", proof), "--entry", data, "--policy", self.file("bad", POLICY[:-9]), file=self.file("bad", POLICY[:-9]))


if __name__ == "__main__":
    unittest.main()
