"""Tests of causeway_archive.py over archives of a small ledger: the whole ones, and each way to alter, exchange or leave out something."""
import contextlib
import hashlib
import io
import json
import os
import shutil

import builders as build
import causeway_archive as archive
import causeway_verify as verify
from builders import LOG, POLICY, WITNESS, Signer, TestCase, chain, leaf, write

ENDS, SIZES = (256, 768), (700, 1000)


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = archive.main([*map(str, arguments), "--json"])
    return code, json.loads(out.getvalue()) if out.getvalue() else None


class ArchiveTests(TestCase):
    def archive(self, name, entries, start, end, size, previous, *cosigners, members=None):
        """An archive of `entries` as of a checkpoint of `size`; the digest of its manifest."""
        folder = os.path.join(self.folder, name)
        shutil.rmtree(folder, ignore_errors=True)
        build.write_log(folder, entries[:size], LOG, *cosigners)
        for path in build.files(os.path.join(folder, "tile/entries")):
            if path.endswith(tuple("0123456789")) and not (path in [f"{n:03d}" for n in range(start // 256, end // 256)]):
                os.remove(os.path.join(folder, "tile/entries", path))
        with open(os.path.join(folder, "checkpoint"), encoding="utf-8") as file:
            note = file.read()
        leaves = [leaf(entry) for entry in entries]
        state = {"frontier": [h.hex() for h in archive.frontier(leaves, end)], "lastHash": leaves[end - 1].hex(),
                 "lastTime": json.loads(entries[end - 1])["time"], "size": end, "v": 1}
        manifest = {"checkpoint": note, "origin": LOG.name, "previous": previous, "start": start, "state": state, "v": 1, **(members or {})}
        data = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        write(folder, "manifest.json", data)
        return folder, hashlib.sha256(data).hexdigest()

    def setUp(self):
        super().setUp()
        self.entries = chain(1000)
        self.first, digest = self.archive("first", self.entries, 0, 256, 700, "0" * 64)
        self.second, _ = self.archive("second", self.entries, 256, 768, 1000, digest)
        self.digest = digest

    def found(self, *folders):
        code, report = run("--key", LOG.vkey, *folders)
        self.assertEqual((code, report["sound"]), (65, False))
        return report["findings"]

    def test_whole_archives_are_sound(self):
        code, report = run("--key", LOG.vkey, self.first, self.second)
        self.assertEqual((code, report["sound"], report["entries"], report["size"], report["findings"]), (0, True, 768, 1000, []))
        self.assertEqual(run("--key", LOG.vkey, self.first)[0], 0)
        policy = self.file("policy", POLICY)
        self.assertEqual(run("--policy", policy, self.first)[0], 65)
        cosigned, _ = self.archive("cosigned", self.entries, 0, 256, 700, "0" * 64, WITNESS)
        self.assertEqual(run("--policy", policy, cosigned)[0], 0)
        self.assertEqual(run("--key", LOG.vkey, os.path.join(self.folder, "nowhere"))[0], 66)
        self.assertEqual(run("--key", "nothing", self.first)[0], 64)

    def test_every_file_counts(self):
        for folder in (self.first, self.second):
            for path in build.files(folder):
                with open(os.path.join(folder, path), "rb") as file:
                    data = file.read()
                for altered in [data[:k] + bytes([data[k] ^ 4]) + data[k + 1:] for k in (0, len(data) // 3, len(data) - 2)] + [data[:-1], data + b"x", b""]:
                    write(folder, path, altered)
                    findings = self.found(self.first, self.second)
                    isEdge = path.startswith("tile/") and ".p" in path
                    self.assertTrue(any(f.get("file") == path or isEdge and str(f.get("file")).startswith("tile/") for f in findings), (path, findings))
                os.remove(os.path.join(folder, path))
                code, report = run("--key", LOG.vkey, self.first, self.second)
                self.assertTrue(code == 65 or code == 66 and report is None, path)
                write(folder, path, data)
        self.assertEqual(run("--key", LOG.vkey, self.first, self.second)[0], 0)

    def test_entry_is_named(self):
        path = os.path.join(self.second, "tile/entries/001")
        with open(path, "rb") as file:
            data = file.read()
        write(self.second, "tile/entries/001", data[:40] + b"!" + data[41:])
        self.assertEqual([(f["file"], f["index"], f["field"]) for f in self.found(self.first, self.second)][0], ("tile/entries/001", 256, "hash"))

    def test_order(self):
        for folders, field in (((self.second,), "start"), ((self.second, self.first), "start"), ((self.first, self.first), "start")):
            self.assertEqual(self.found(*folders)[-1]["field"], field)

    def test_manifests(self):
        other = Signer("gateway.my.example/ledger")
        with open(os.path.join(self.second, "manifest.json"), encoding="utf-8") as file:
            state = json.load(file)["state"]
        for members, field in (
                ({"previous": "0" * 64}, "previous"), ({"origin": other.name}, "origin"), ({"v": 2}, "form"), ({"x": 1}, "form"),
                ({"start": 255}, "start"), ({"start": 512}, "start"), ({"start": True}, "start"), ({"state": None}, "form"), ({"state": {}}, "start"),
                ({"state": {**state, "lastHash": "0" * 64}}, "state"), ({"state": {**state, "lastTime": "2026-01-01T00:00:00.000Z"}}, "state"),
                ({"state": {**state, "frontier": state["frontier"][::-1]}}, "state"), ({"checkpoint": "x"}, "note")):
            folder, _ = self.archive("other", self.entries, 256, 768, 1000, self.digest, members=members)
            self.assertEqual(self.found(self.first, folder)[0]["field"], field, members)
        small, _ = self.archive("other", self.entries, 256, 768, 700, self.digest)
        self.assertEqual(self.found(self.first, small)[0]["field"], "checkpoint")

    def test_rewritten(self):
        """With the key in hand another first archive is made; the second does not go on from it."""
        entries = chain(1000, {100: {"actor": "nobody"}})
        forged, digest = self.archive("forged", entries, 0, 256, 700, "0" * 64)
        self.assertEqual(run("--key", LOG.vkey, forged)[0], 0)
        self.assertEqual(self.found(forged, self.second)[0]["field"], "previous")
        named, _ = self.archive("named", self.entries, 256, 768, 1000, digest)
        fields = [(finding["field"], finding.get("index")) for finding in self.found(forged, named)]
        self.assertIn(("previous", 256), fields)
        self.assertIn(("state", None), fields)
