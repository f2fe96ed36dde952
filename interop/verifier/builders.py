"""What the tests need to make logs, proofs and fraud proofs of their own: an Ed25519 signer, notes, trees and tiles."""
import base64
import contextlib
import functools
import hashlib
import io
import json
import os
import tempfile
import unittest

import causeway_verify as verify

# Most flipped bits leave most signatures and keys as they were; and nobody needs the usage text in another language.
verify.ed25519_holds, verify.point = functools.cache(verify.ed25519_holds), functools.cache(verify.point)
os.environ["LANGUAGE"] = "C"
SHARED = os.environ.get("CAUSEWAY_SHARED") or os.path.join(os.path.dirname(os.path.abspath(__file__)), *[".."] * 3, "shared")
GENESIS = "0" * 64


def shared(path):
    """A file or folder of the published vectors that live beside the repository; without it the test is skipped and says so."""
    found = os.path.join(SHARED, path)
    if not os.path.exists(found):
        raise unittest.SkipTest(f"not run: {os.path.normpath(found)} is absent")
    return found


def base64_of(data):
    return base64.b64encode(data).decode()


def encode(p):
    inverse = pow(p[2], -1, verify.P)
    return (p[1] * inverse % verify.P | (p[0] * inverse % verify.P & 1) << 255).to_bytes(32, "little")


BASE = verify.point((4 * pow(5, -1, verify.P) % verify.P).to_bytes(32, "little"))


class Signer:
    """An Ed25519 key (RFC 8032 section 5.1.6) with a key name, that signs notes or cosigns them."""

    def __init__(self, name, seed=None, kind=1):
        digest = hashlib.sha512(seed or hashlib.sha256(name.encode()).digest()).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
        self.prefix, self.name, self.kind = digest[32:], name, kind
        self.public = encode(verify.times(self.scalar, BASE))
        self.key = verify.make_key(name, kind, self.public)
        self.vkey = f"{name}+{self.key.id.hex()}+{base64_of(bytes([kind]) + self.public)}"

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % verify.L
        r = number(self.prefix, message)
        point = encode(verify.times(r, BASE))
        return point + ((r + number(point, self.public, message) * self.scalar) % verify.L).to_bytes(32, "little")

    def line(self, text, time=1_700_000_000):
        if self.kind == 4:
            signature = time.to_bytes(8, "big") + self.sign(b"cosignature/v1\ntime %d\n" % time + text)
        else:
            signature = self.sign(text)
        return f"\u2014 {self.name} {base64_of(self.key.id + signature)}\n".encode()


def note(text, *signers):
    return text + b"\n" + b"".join(signer.line(text) for signer in signers)


def tree(leaves):
    """Merkle Tree Hash by the recursive definition of RFC 6962 section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def inclusion(index, leaves):
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) < 2:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return inclusion(index, leaves[:k]) + [tree(leaves[k:])]
    return inclusion(index - k, leaves[k:]) + [tree(leaves[:k])]


def consistency(first, leaves, whole=True):
    """PROOF of RFC 6962 section 2.1.2; with `whole=False` its first node is explicit also for a power of two."""
    if first == len(leaves):
        return [] if whole else [tree(leaves)]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= k:
        return consistency(first, leaves[:k], whole) + [tree(leaves[k:])]
    return consistency(first - k, leaves[k:], False) + [tree(leaves[:k])]


def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def entry(place, link, members=None):
    """An entry of Causeway at a place; `link` is the hash of the entry before, in hexadecimal. Members replace its own."""
    time = f"2026-03-01T08:{place // 60 % 60:02d}:{place % 60:02d}.000Z"
    value = {"actor": "gateway.cn", "index": place, "kind": "message.sent", "previous": link, "time": time, "v": 1, **(members or {})}
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def chain(count, change=None):
    """Entries in a chain. `change` maps an index to other members; the chain goes on from the changed entry."""
    entries, previous = [], GENESIS
    for i in range(count):
        entries.append(entry(i, previous, (change or {}).get(i)))
        previous = leaf(entries[-1]).hex()
    return entries


def checkpoint(log, leaves, *cosigners, root=None, size=None, extension=b""):
    text = f"{log.name}\n{len(leaves) if size is None else size}\n{base64_of(root or tree(leaves))}\n".encode() + extension
    return note(text, log, *cosigners)


def write(folder, path, data):
    path = os.path.join(folder, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def tiles(folder, level, items, join):
    for n in range(0, len(items), 256):
        row, index = items[n:n + 256], n // 256
        path = f"x{index // 1000:03d}/{index % 1000:03d}" if index >= 1000 else f"{index:03d}"
        write(folder, f"tile/{level}/{path}" + (f".p/{len(row)}" if len(row) < 256 else ""), b"".join(map(join, row)))


def write_log(folder, entries, log, *cosigners):
    """A static tlog-tiles folder."""
    leaves = [leaf(entry) for entry in entries]
    write(folder, "checkpoint", checkpoint(log, [], *cosigners, root=verify.tree_hash(leaves), size=len(leaves)))
    tiles(folder, "entries", entries, lambda entry: len(entry).to_bytes(2, "big") + entry)
    level, row = 0, leaves
    while row:
        tiles(folder, level, row, lambda hashed: hashed)
        row = [tree(row[i:i + 256]) for i in range(0, len(row) - 255, 256)]
        level += 1


def files(folder):
    found = (os.path.join(base, name) for base, _, names in os.walk(folder) for name in names)
    return sorted(os.path.relpath(path, folder) for path in found)


def run(*arguments):
    """Exit code, the one JSON object on stdout (or None), and what went to stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = verify.main([*map(str, arguments), "--json"])
    return code, json.loads(out.getvalue()) if out.getvalue() else None, err.getvalue()


def flips(data):
    """The bytes with one bit of each byte flipped in turn."""
    for i in range(len(data)):
        yield i, data[:i] + bytes([data[i] ^ 1 << i % 8]) + data[i + 1:]


LOG = Signer("gateway.cn.example/ledger")
WITNESS, OTHER = Signer("gateway.sg.example/witness", kind=4), Signer("gateway.my.example/witness", kind=4)
REPORTER = Signer(WITNESS.name)  # the same key as the witness, for plain notes
POLICY = f"log {LOG.vkey}\nwitness sg {WITNESS.vkey}\nwitness my {OTHER.vkey}\ngroup partners any sg my\nquorum partners\n"
ALL = POLICY.replace(" any ", " all ")


class TestCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, data):
        return write(self.folder, name, data.encode() if isinstance(data, str) else data)

    def assertSound(self, *arguments):
        code, report, _ = run(*arguments)
        self.assertEqual((code, report["findings"]), (0, []), report)
        self.assertTrue(report["sound"])
        return report

    def assertNotSound(self, *arguments, **where):
        code, report, _ = run(*arguments)
        self.assertEqual(code, 65, report)
        self.assertFalse(report["sound"])
        self.assertTrue(report["findings"] and all(finding["what"] for finding in report["findings"]))
        if where:
            self.assertTrue(any(where.items() <= finding.items() for finding in report["findings"]), report["findings"])
        return report

    def refuses(self, function, *arguments, **options):
        with self.assertRaises(verify.NotSound):
            function(*arguments, **options)
