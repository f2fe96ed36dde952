"""Tests of the commands over whole files: log, proof, consistency, fraud, and the command line itself."""
import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import unittest
from unittest import mock

import builders as build
import causeway_verify as verify
from builders import (ALL, GENESIS, LOG, OTHER, POLICY, REPORTER, WITNESS, Signer, TestCase, base64_of, chain, checkpoint, consistency, flips, inclusion,
                      leaf, run, shared, tree, write)

TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


class LogTests(TestCase):
    def log(self, entries, *cosigners):
        build.write_log(self.folder, entries, LOG, *cosigners)
        return self.folder

    def test_tessera_log_at_every_size(self):
        source = shared("vectors/tlog/tessera-log/testdata/log")
        folder = os.path.join(self.folder, "log")
        shutil.copytree(source, folder)
        for path in [folder] + glob.glob(folder + "/**", recursive=True):
            os.chmod(path, 0o755 if os.path.isdir(path) else 0o644)
        for size in range(16):
            write(folder, "checkpoint", read(source, f"checkpoint.{size}"))
            self.assertEqual(self.assertSound("log", folder, "--opaque", "--key", TESSERA)["size"], size)
        self.assertNotSound("log", folder, "--key", TESSERA, file="tile/entries/000.p/15", index=0, field="json")
        self.assertNotSound("log", folder, "--opaque", "--key", LOG.vkey, file="checkpoint", field="signature")

    def test_sunlight_mirror(self):
        """Its hash tiles lead to the cosigned root; its entries are stand-ins, and all of them are told apart from the tree's."""
        folder, = glob.glob(shared("vectors/tlog/sunlight-skylight/cmd/skylight/testdata/witness/mirror") + "/" + "?" * 64)
        key = verify.parse_key(re.search('"(mirror[^"]+[+][^"]+)"', read(folder, "../mirror.v0.json").decode())[1])
        found = []
        with mock.patch.object(verify, "FINDING_LIMIT", 1000):
            verify.log(argparse.Namespace(FOLDER=folder, opaque=True), verify.Trust({key: "rome2026h1.example.org"}, {}, {}, "none"), found)
        self.assertEqual({finding["file"] for finding in found}, {"tile/entries/000", "tile/entries/001.p/44"})
        self.assertEqual([finding["index"] for finding in found if finding["field"] == "hash"], list(range(300)))

    def test_own_logs(self):
        for size in (0, 1, 2, 5, 255, 256, 257, 600):
            shutil.rmtree(os.path.join(self.folder, "tile"), ignore_errors=True)
            report = self.assertSound("log", self.log(chain(size)), "--key", LOG.vkey)
            self.assertEqual((report["origin"], report["size"], report["cosigned"]), (LOG.name, size, {}))
        policy = self.file("policy", POLICY)
        self.assertNotSound("log", self.folder, "--policy", policy, file="checkpoint", field="cosignature")
        cosigned = self.assertSound("log", self.log(chain(3), OTHER), "--policy", policy)["cosigned"]
        self.assertEqual(cosigned, {"my": 1_700_000_000})

    def test_three_levels_of_tiles(self):
        entries = [b"%d" % i for i in range(256 * 256 + 257)]
        self.assertSound("log", self.log(entries), "--opaque", "--key", LOG.vkey)
        self.assertTrue(os.path.exists(os.path.join(self.folder, "tile/2/000.p/1")))
        for name in ("tile/2/000.p/1", "tile/1/000", "tile/1/001.p/1", "tile/0/256", "tile/0/257.p/1", "tile/entries/256"):
            good = read(self.folder, name)
            self.file(name, good[:20] + bytes([good[20] ^ 1]) + good[21:] if "257" not in name else bytes(32))
            self.assertNotSound("log", self.folder, "--opaque", "--key", LOG.vkey, file=name)
            os.remove(os.path.join(self.folder, name))
            self.assertNotSound("log", self.folder, "--opaque", "--key", LOG.vkey)
            self.file(name, good)
        self.assertSound("log", self.folder, "--opaque", "--key", LOG.vkey)

    def test_a_full_tile_stands_for_a_partial_one(self):
        entries = chain(300)
        self.log(entries)
        for size in (200, 256, 257):
            self.file("checkpoint", checkpoint(LOG, [leaf(entry) for entry in entries[:size]]))
            if size == 257:  # the second tile of this width is in no file
                self.assertNotSound("log", self.folder, "--key", LOG.vkey, file="tile/entries/001")
            else:
                for level in (0, "entries"):
                    self.assertFalse(os.path.exists(os.path.join(self.folder, f"tile/{level}/000.p/{size}")))
                self.assertSound("log", self.folder, "--key", LOG.vkey)

    def test_every_byte_flipped_and_every_truncation(self):
        self.log(chain(3), WITNESS, OTHER)
        policy = self.file("policy", ALL)
        self.assertSound("log", self.folder, "--policy", policy)
        for name in ("checkpoint", "tile/0/000.p/3", "tile/entries/000.p/3"):
            good = read(self.folder, name)
            for i, bad in [*flips(good), *((i, good[:i]) for i in range(len(good))), (0, good + b"\n"), (0, good + good)]:
                self.file(name, bad)
                self.assertNotSound("log", self.folder, "--policy", policy, file=name)
            self.file(name, good)
        self.assertSound("log", self.folder, "--policy", policy)

    def test_damage_is_named_by_index(self):
        entries = chain(260)
        bundles = ["tile/entries/000", "tile/entries/001.p/4"]
        self.log(entries)
        for index in (0, 1, 100, 255, 256, 259):
            n, starts = index // 256, [0]
            good = read(self.folder, bundles[n])
            for entry in entries[256 * n:index]:
                starts.append(starts[-1] + 2 + len(entry))
            for at in (starts[-1] + 1, starts[-1] + 2, starts[-1] + 1 + len(entries[index])):  # its length, its first and last byte
                self.file(bundles[n], good[:at] + bytes([good[at] ^ 4]) + good[at + 1:])
                report = self.assertNotSound("log", self.folder, "--key", LOG.vkey, file=bundles[n], index=index)
                named = [finding["index"] for finding in report["findings"] if finding["field"] == "hash" and finding["file"] in bundles]
                self.assertEqual(min(named), index)
                if at != starts[-1] + 1:
                    self.assertEqual(named, [index])
            self.file(bundles[n], good)
        for name, index in (("tile/0/000", 7), ("tile/0/001.p/4", 258), ("tile/1/000.p/1", 0)):
            good, at = read(self.folder, name), 32 * (index % 256) + 9
            self.file(name, good[:at] + bytes([good[at] ^ 8]) + good[at + 1:])
            report = self.assertNotSound("log", self.folder, "--key", LOG.vkey)
            self.assertEqual([(f["file"], f["index"], f["field"]) for f in report["findings"]], [(name, index, "hash")])
            self.file(name, good)
        self.assertSound("log", self.folder, "--key", LOG.vkey)

    def test_missing_swapped_and_other_files(self):
        self.log(chain(257))
        other = os.path.join(self.folder, "other")
        build.write_log(other, chain(257, {3: {"actor": "x"}}), LOG)
        self.assertSound("log", other, "--key", LOG.vkey)
        names = [name for name in build.files(self.folder) if name.startswith("tile")]
        self.assertEqual(names, ["tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1"])
        for name in names:
            good = read(self.folder, name)
            os.remove(os.path.join(self.folder, name))
            full = name.partition(".p")[0]
            self.assertNotSound("log", self.folder, "--key", LOG.vkey, file=full)
            os.mkdir(os.path.join(self.folder, name))
            self.assertNotSound("log", self.folder, "--key", LOG.vkey, file=name)
            os.rmdir(os.path.join(self.folder, name))
            self.file(name, read(other, name))
            self.assertNotSound("log", self.folder, "--key", LOG.vkey, file=name)
            self.file(name, good)
        self.file("checkpoint", read(other, "checkpoint"))
        self.assertNotSound("log", self.folder, "--key", LOG.vkey, file="checkpoint", field="root")

    def test_entries_swapped_dropped_and_doubled(self):
        entries = chain(6)
        for changed in (entries[:2] + [entries[3], entries[2]] + entries[4:], entries[:3] + entries[4:], entries[:3] + entries[2:], entries[1:]):
            self.log(entries)
            self.file("tile/entries/000.p/6", b"".join(len(entry).to_bytes(2, "big") + entry for entry in changed))
            self.assertNotSound("log", self.folder, "--key", LOG.vkey)
            shutil.rmtree(os.path.join(self.folder, "tile"))
            self.log(changed)  # tree and signature made anew, with the log's own key
            self.assertNotSound("log", self.folder, "--key", LOG.vkey, field="index")
            shutil.rmtree(os.path.join(self.folder, "tile"))

    def test_what_is_wrong_inside_a_well_signed_log(self):
        """The log's own key signs all of this: only the rules of the entries can tell."""
        early, good = "2026-03-01T07:59:59.999Z", {}
        same = "2026-03-01T08:00:02.000Z"
        for change, index, field in (
                ({3: {"index": 4}}, 3, "index"), ({3: {"index": True}}, 3, "index"), ({1: {"index": True}}, 1, "index"), ({3: {"index": "3"}}, 3, "index"),
                ({3: {"v": 2}}, 3, "index"), ({3: {"v": True}}, 3, "index"), ({3: {"v": None}}, 3, "index"),
                ({3: {"time": early}}, 3, "time"), ({3: {"time": "2026-03-01T08:00:61.000Z"}}, 3, "time"), ({3: {"time": "2026-02-29T08:00:03.000Z"}}, 3, "time"),
                ({3: {"time": "2026-03-01T08:00:03.000+00:00"}}, 3, "time"), ({3: {"time": "2026-W10-7T08:00:03.000Z"}}, 3, "time"), ({3: {"time": 3}}, 3, "time"),
                ({3: {"previous": GENESIS}}, 3, "previous"), ({0: {"previous": "1" * 64}}, 0, "previous"), ({3: {"previous": "A" * 64}}, 3, "previous"),
                ({3: {"previous": None}}, 3, "previous"), ({3: {"previous": "g" * 64}}, 3, "previous"), ({3: {"previous": "0" * 63}}, 3, "previous"), ({3: {"extra": 1.5}}, 3, "json"), ({3: {"extra": 2**53}}, 3, "json")):
            self.assertNotSound("log", self.log(chain(5, change)), "--key", LOG.vkey, file="tile/entries/000.p/5", index=index, field=field)
        for change in (good, {3: {"time": same}}, {3: {"extra": {"a": -1, "b": [None, True, "\u20ac\u2028\x7f\n\"\\"], "c": 2**53 - 1}}}):
            self.assertSound("log", self.log(chain(5, change)), "--key", LOG.vkey)

    def test_entries_that_are_not_canonical(self):
        previous = leaf(chain(1)[0]).hex()
        good = build.entry(1, previous).decode()
        for text in (good.replace(",", ", ", 1), good + " ", good.replace('"v":1', '"v":1.0'), good.replace('"v":1', '"v":1,"v":1'), good.replace('"v":1', '"v":1e0'),
                     "[" * 60_000, good.replace("gateway", "\\u0067ateway"), good.replace("cn", "\\ud800"), good.replace('"v":1', '"v":NaN'), "", "null", "[]",
                     good.replace('"v":1', '"v":1,"w":' + "9" * 5000), good.replace('"v":1', '"v":1,"u":1'), "\ufeff" + good):
            self.assertNotSound("log", self.log([chain(1)[0], text.encode()]), "--key", LOG.vkey, index=1, field="json")
        self.assertNotSound("log", self.log([chain(1)[0], good.replace("cn", "\x80").encode("latin-1")]), "--key", LOG.vkey, index=1, field="json")
        self.assertNotSound("log", self.log([chain(1)[0], good.replace(previous, previous.upper()).encode()]), "--key", LOG.vkey, index=1, field="previous")
        order = ',"\U0001F600":1,"\uFB33":1'  # by UTF-16 code units, as RFC 8785 asks, not by code points
        self.assertSound("log", self.log([chain(1)[0], good.replace('"v":1', '"v":1' + order).encode()]), "--key", LOG.vkey)

    def test_rewritten_with_the_log_key_only_the_old_checkpoint_tells(self):
        entries, rewritten = chain(6), chain(6, {2: {"actor": "other"}})
        self.assertSound("log", self.log(rewritten), "--key", LOG.vkey)
        old, new = ([leaf(entry) for entry in log] for log in (entries[:4], rewritten))
        files = [self.file("old", checkpoint(LOG, old)), self.file("new", checkpoint(LOG, new))]
        path = self.file("path", "".join(base64_of(node) + "\n" for node in consistency(4, new)))
        self.assertNotSound("consistency", *files, path, "--key", LOG.vkey, file=path)

    def test_a_claimed_size_that_no_files_hold(self):
        self.file("checkpoint", checkpoint(LOG, [], size=2**63 - 1, root=bytes(32)))
        self.assertNotSound("log", self.folder, "--opaque", "--key", LOG.vkey, file="tile/entries/000")

    def test_findings_are_limited(self):
        report = self.assertNotSound("log", self.log([b"x"] * 300), "--key", LOG.vkey)
        self.assertEqual(len(report["findings"]), verify.FINDING_LIMIT + 1)


class ProofTests(TestCase):
    def setUp(self):
        super().setUp()
        self.entries = [b"entry %d" % i for i in range(7)]
        self.leaves = [leaf(entry) for entry in self.entries]
        self.entry = self.file("entry", self.entries[4])
        self.policy = self.file("policy", ALL)

    def proof(self, index=4, path=None, extra="", note=None):
        lines = f"c2sp.org/tlog-proof@v1\n{extra}index {index}\n" + "".join(
            base64_of(node) + "\n" for node in (inclusion(index, self.leaves) if path is None else path))
        return lines.encode() + b"\n" + (checkpoint(LOG, self.leaves, WITNESS, OTHER) if note is None else note)

    def arguments(self, data):
        return "proof", self.file("proof", data), "--entry", self.entry, "--policy", self.policy

    def test_sound(self):
        report = self.assertSound(*self.arguments(self.proof()))
        self.assertEqual((report["index"], report["size"], sorted(report["cosigned"])), (4, 7, ["my", "sg"]))
        self.assertSound(*self.arguments(self.proof(extra="extra AAEC\n")))
        self.entry = self.file("entry", self.entries[6])
        self.assertSound(*self.arguments(self.proof(6)))
        self.leaves, self.entry = self.leaves[:1], self.file("entry", self.entries[0])
        self.assertSound(*self.arguments(self.proof(0)))

    def test_every_byte_flipped_and_every_truncation(self):
        good = self.proof()
        for i, bad in [*flips(good), *((i, good[:i]) for i in range(len(good)))]:
            self.assertNotSound(*self.arguments(bad), file=os.path.join(self.folder, "proof"))
        data = self.entries[4]
        for i, bad in [*flips(data), *((i, data[:i]) for i in range(len(data)))]:
            self.file("entry", bad)
            self.assertNotSound(*self.arguments(good), field="hash")

    def test_changed(self):
        path = inclusion(4, self.leaves)
        for bad in (self.proof(5, path), self.proof(2**62, path), self.proof(path=path[::-1]), self.proof(path=path[:-1]), self.proof(path=path + path[-1:]),
                    self.proof(path=[path[0][:31]] + path[1:]), self.proof(path=path * 40), self.proof(extra="extra\n"), self.proof(extra="extra \n"),
                    self.proof(extra="extra AAEC\nextra AAEC\n"), self.proof(extra="extra A\n"), self.proof().replace(b"index 4", b"index 04"),
                    self.proof().replace(b"index 4", b"index -4"), self.proof().replace(b"@v1", b"@v2"), self.proof().replace(b"\n\n", b"\n\n\n", 1),
                    self.proof().replace(b"\n", b"\r\n"), self.proof(note=b""), self.proof(note=checkpoint(Signer("other"), self.leaves, WITNESS)),
                    self.proof(note=checkpoint(LOG, self.leaves[:6], WITNESS)), b"", b"\n", b"\n\n"):
            self.assertNotSound(*self.arguments(bad))


class ConsistencyTests(TestCase):
    def check(self, first, second, path=None, old=None, new=None):
        leaves = [leaf(b"%d" % i) for i in range(max(first, second))]
        path = consistency(first, leaves[:second]) if path is None else path
        return ("consistency", self.file("old", old or checkpoint(LOG, leaves[:first])), self.file("new", new or checkpoint(LOG, leaves[:second])),
                self.file("path", "".join(base64_of(node) + "\n" for node in path)), "--key", LOG.vkey)

    def test_consistency(self):
        for first, second in ((1, 1), (1, 2), (3, 7), (4, 7), (7, 7), (4, 8)):
            report = self.assertSound(*self.check(first, second))
            self.assertEqual((report["old"]["size"], report["new"]["size"]), (first, second))
            self.assertNotSound(*self.check(first, second, path=[leaf(b"x")]))
        for second in (0, 5):
            self.assertSound(*self.check(0, second, path=[]))
            self.assertNotSound(*self.check(0, second, path=[tree([])]))
        self.assertNotSound(*self.check(0, 5, path=[], old=checkpoint(LOG, [], root=leaf(b"x"))))
        self.assertNotSound(*self.check(0, 0, path=[], new=checkpoint(LOG, [], root=leaf(b"x"))))
        self.assertNotSound(*self.check(7, 3, path=[]))
        self.assertNotSound(*self.check(3, 3, path=[], new=checkpoint(LOG, [leaf(b"x")] * 3)))
        self.assertNotSound(*self.check(3, 7, old=checkpoint(OTHER, [leaf(b"%d" % i) for i in range(3)])), field="signature")

    def test_checkpoints_of_two_logs(self):
        other = Signer("other")
        policy = self.file("policy", f"log {LOG.vkey}\nlog {other.vkey}\nquorum none\n")
        leaves = [leaf(b"%d" % i) for i in range(2)]
        arguments = self.check(1, 2, new=checkpoint(other, leaves))[:-2]
        self.assertNotSound(*arguments, "--policy", policy, field="origin")
        self.assertSound(*self.check(1, 2)[:-2], "--policy", policy)

    def test_every_byte_of_the_path_flipped(self):
        arguments = self.check(3, 7)
        good = read(arguments[3])
        for i, bad in [*flips(good), *((i, good[:i]) for i in range(len(good)))]:
            self.file("path", bad)
            self.assertNotSound(*arguments, file=arguments[3])


class FraudTests(TestCase):
    OLD = [leaf(b"%d" % i) for i in range(11)]
    NEW = [leaf(b"other")] + OLD[1:]

    def fraud(self, kind, first, second, path=(), reporter=REPORTER, origin=LOG.name, time="2026-03-01T08:00:00.000Z"):
        lines = ["causeway/fraud-proof@v1", origin, kind, time, "first " + base64_of(first), "second " + base64_of(second), *map(base64_of, path)]
        return build.note("".join(line + "\n" for line in lines).encode(), reporter)

    def rewrite(self, first, second=11, **options):
        path = options.pop("path", consistency(first, self.NEW[:second], whole=False))
        return self.fraud("rewrite", checkpoint(LOG, self.OLD[:first]), checkpoint(LOG, self.NEW[:second]), path, **options)

    def split_view(self, **options):
        return self.fraud("split-view", checkpoint(LOG, self.OLD), checkpoint(LOG, self.NEW), **options)

    def arguments(self, data, *options):
        return ("fraud", self.file("fraud", data), *(options or ("--key", LOG.vkey, "--reporter", WITNESS.vkey)))

    def test_proven(self):
        self.file("policy", POLICY)
        for data in (self.split_view(), *(self.rewrite(first) for first in range(1, 11))):
            for options in ((), ("--key", LOG.vkey), ("--policy", self.folder + "/policy"), ("--key", LOG.vkey, "--reporter", REPORTER.vkey)):
                report = self.assertSound(*self.arguments(data, *options))
                self.assertEqual(report["reporters"], [] if options == ("--key", LOG.vkey) else [WITNESS.name])
        self.assertEqual(report["kind"], "rewrite")

    def test_extension_lines_and_cosignatures_do_not_hide_it(self):
        extended = checkpoint(LOG, self.NEW, Signer("stranger", kind=4), extension=b"a line more\n")
        self.assertSound(*self.arguments(self.fraud("split-view", checkpoint(LOG, self.OLD, WITNESS), extended)))
        forged = f"\u2014 {WITNESS.name} {base64_of(WITNESS.key.id + bytes(72))}\n".encode()
        data = self.fraud("split-view", checkpoint(LOG, self.OLD) + forged, checkpoint(LOG, self.NEW))
        self.assertSound(*self.arguments(data, "--policy", self.file("policy", POLICY)))

    def test_a_faithful_log_cannot_be_accused(self):
        for first in range(1, 11):
            old, new, path = checkpoint(LOG, self.OLD[:first]), checkpoint(LOG, self.OLD), consistency(first, self.OLD, whole=False)
            self.assertNotSound(*self.arguments(self.fraud("rewrite", old, new, path)), field="root")
            for wrong in (path[1:], path[:-1], path + path[-1:], path[::-1], [leaf(b"x")] + path[1:], [], [tree(self.OLD)]):
                if wrong != path:
                    self.assertNotSound(*self.arguments(self.fraud("rewrite", old, new, wrong)), field="hash")
            self.assertNotSound(*self.arguments(self.fraud("split-view", old, new)), field="root")
            self.assertNotSound(*self.arguments(self.fraud("split-view", new, new)), field="root")
        forger = Signer(LOG.name, b"forged")
        self.assertNotSound(*self.arguments(self.fraud("split-view", checkpoint(forger, self.OLD), checkpoint(LOG, self.NEW))), part="first")
        self.assertNotSound(*self.arguments(self.fraud("split-view", checkpoint(LOG, self.OLD), checkpoint(forger, self.NEW))), part="second")

    def test_malformed(self):
        good = self.split_view()
        self.assertSound(*self.arguments(good))
        old, new = checkpoint(LOG, self.OLD), checkpoint(LOG, self.NEW)
        for bad in (self.split_view(path=[leaf(b"x")]), self.split_view(origin="other"), self.split_view(time="2026-03-01"), self.split_view(time="yesterday"),
                    self.fraud("rewrite", old, new), self.fraud("other", old, new), self.fraud("", old, new), self.fraud("split-view", new, b"second"),
                    self.rewrite(3, path=[]), self.rewrite(3, path=consistency(3, self.OLD, whole=False)), self.rewrite(11, path=[tree(self.NEW)]),
                    self.fraud("rewrite", checkpoint(LOG, []), new, [tree(self.NEW)]), self.split_view(reporter=OTHER), self.split_view(reporter=LOG),
                    build.note(b"causeway/fraud-proof@v1\n", REPORTER), build.note(b"causeway/fraud-proof@v2\n" * 6, REPORTER), b""):
            self.assertNotSound(*self.arguments(bad), file=os.path.join(self.folder, "fraud"))

    def test_every_byte_flipped_and_every_truncation(self):
        good = self.rewrite(4, 5)
        self.assertSound(*self.arguments(good))
        for i, bad in [*flips(good), *((i, good[:i]) for i in range(len(good)))]:
            self.assertNotSound(*self.arguments(bad), file=os.path.join(self.folder, "fraud"))

    def test_a_claim_is_only_a_word(self):
        claim = self.fraud("claim", checkpoint(LOG, self.OLD), checkpoint(LOG, self.OLD[:3]))
        report = self.assertNotSound(*self.arguments(claim), field="kind")
        self.assertIn("claim, not proof", report["findings"][0]["what"])
        known = ("--key", LOG.vkey, "--reporter", WITNESS.vkey, "--accept-claim")
        self.assertEqual(self.assertSound(*self.arguments(claim, *known))["kind"], "claim")
        self.assertNotSound(*self.arguments(claim, "--key", LOG.vkey, "--accept-claim"), field="kind")
        self.assertNotSound(*self.arguments(claim, "--key", LOG.vkey, "--reporter", OTHER.vkey, "--accept-claim"), field="signature")


class CommandLineTests(TestCase):
    def test_usage_is_64(self):
        for arguments in ((), ("log",), ("log", "x"), ("other", "x", "--key", LOG.vkey), ("log", "x", "--key", "nonsense"), ("log", "x", "--key", ""),
                          ("log", "x", "--key", LOG.vkey, "--policy", "y"), ("proof", "x", "--key", LOG.vkey), ("consistency", "x", "y", "--key", LOG.vkey),
                          ("fraud", "x", "--key", LOG.vkey, "--reporter", LOG.vkey[:-8]), ("log", "x", "--key", LOG.vkey, "--unknown")):
            code, report, errors = run(*arguments)
            self.assertEqual((code, report), (64, None), arguments)
            self.assertTrue(errors)

    def test_no_such_file_is_66(self):
        absent, note = os.path.join(self.folder, "absent"), self.file("note", checkpoint(LOG, []))
        for arguments in (("log", absent, "--key", LOG.vkey), ("log", self.folder, "--key", LOG.vkey), ("fraud", absent, "--key", LOG.vkey),
                          ("fraud", self.folder, "--key", LOG.vkey), ("disclosure", absent, "--key", LOG.vkey), ("log", self.folder, "--policy", absent),
                          ("proof", absent, "--entry", note, "--key", LOG.vkey), ("consistency", note, note, absent, "--key", LOG.vkey)):
            code, report, errors = run(*arguments)
            self.assertEqual((code, report), (66, None), arguments)
            self.assertTrue(errors)

    def test_files_that_are_too_large(self):
        large = self.file("large", b"a\n" * (verify.FILE_LIMIT // 2) + b"\n")
        for arguments in (("fraud", large, "--key", LOG.vkey), ("log", self.folder, "--policy", large)):
            self.assertNotSound(*arguments, file=large, what=f"larger than {verify.FILE_LIMIT} bytes")

    def test_as_a_program(self):
        build.write_log(self.folder, chain(2), LOG)
        program = [sys.executable, "-I", verify.__file__]
        sound = subprocess.run([*program, "log", self.folder, "--key", LOG.vkey], capture_output=True, text=True)
        self.assertEqual((sound.returncode, sound.stderr, sound.stdout.split("\n")[0]), (0, "", "sound: true"))
        self.file("tile/0/000.p/2", bytes(64))
        damaged = subprocess.run([*program, "log", self.folder, "--key", LOG.vkey], capture_output=True, text=True)
        self.assertEqual((damaged.returncode, damaged.stderr, damaged.stdout.split("\n")[0]), (65, "", "sound: false"))
        self.assertIn('"file": "tile/0/000.p/2", "index": 0, "field": "hash"', damaged.stdout)
        self.assertEqual(subprocess.run([*program, "--help"], capture_output=True).returncode, 0)

    def test_it_is_short_and_needs_only_the_standard_library(self):
        with open(verify.__file__) as file:
            text = file.read()
        self.assertLessEqual(text.count("\n"), 500)
        imported = re.findall(r"^(?:import|from) (.*?)(?: import.*)?$", text, re.M)
        self.assertLessEqual({name.strip() for line in imported for name in line.split(",")}, set(sys.stdlib_module_names) - {"socket", "ssl", "urllib", "http"})


if __name__ == "__main__":
    unittest.main()
