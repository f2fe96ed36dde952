#!/usr/bin/env python3
"""Checks archives of a Causeway ledger, offline: all of them, in their order from the first on. README.md beside this file says what is checked.

    python3 causeway_archive.py --key VKEY | --policy FILE  [--json]  ARCHIVE...
"""
import argparse, json, os, sys
from hashlib import sha256

import causeway_verify as verify
from causeway_verify import NotSound, require, within

EMPTY = {"frontier": [], "lastHash": "0" * 64, "lastTime": None, "size": 0, "v": 1}  # where a verification begins
MANIFEST_LIMIT = 1 << 16  # bytes

def frontier(row, size):
    """Roots of the complete subtrees of the first `size` hashes of a row, the largest first."""
    roots, at = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            roots.append(verify.tree_hash(row[at:at + (1 << level)]))
            at += 1 << level
    return roots

def hash_rows(folder, checkpoint, found):
    """All hashes of all levels, after holding each full tile against the hash above it and the right edge against the root."""
    rows, names, edge = [], [], []
    while checkpoint.size >> 8 * len(rows):
        level, count = len(rows), checkpoint.size >> 8 * len(rows)
        tiles = [verify.read_tile(folder, level, n, min(256, count - 256 * n)) for n in range((count + 255) // 256)]
        rows.append([hashed for _, row, _ in tiles for hashed in row])
        names.append([name for name, _, _ in tiles])
        edge = edge if count % 256 == 0 else [*frontier(rows[-1][count - count % 256:], count % 256), *edge]
    root = edge.pop()
    while edge:
        root = verify.node_hash(edge.pop(), root)
    with within(file=names[0][-1], field="hash"):
        require(root == checkpoint.root, "this and the other tiles on the right edge do not lead to the root")
    for level in reversed(range(len(rows) - 1)):
        for n, above in enumerate(rows[level + 1]):
            with within(found, file=names[level][n], index=n << 8 * level + 8, field="hash"):
                require(verify.tree_hash(rows[level][256 * n:256 * n + 256]) == above, "not the tile of the hash above it")
    return rows

def read_manifest(folder, trust, before, previous):
    """What an archive says of itself, with its digest and its checkpoint; it has to be the one behind `before`."""
    with within(file="manifest.json"):
        data = verify.read(os.path.join(folder, "manifest.json"), MANIFEST_LIMIT)
        manifest = verify.parse_object(data)
        names = sorted(manifest) == ["checkpoint", "origin", "previous", "start", "state", "v"]
        require(names and manifest["v"] == 1 and isinstance(manifest["state"], dict), "not a manifest of version 1", field="form")
        start, end = manifest["start"], manifest["state"].get("size")
        require(type(start) is type(end) is int and 0 <= start < end and start % 256 == end % 256 == 0, "not whole bundles", field="start")
        require(start == before["size"], f"not from entry {before['size']} on", field="start", index=start)
        require(manifest["previous"] == previous, "not the digest of the archive before", field="previous")
        note = str(manifest["checkpoint"]).encode(errors="surrogatepass")
        checkpoint = verify.parse_checkpoint(note, trust)
        require(manifest["origin"] == checkpoint.origin, "not the log of its checkpoint", field="origin")
        require(checkpoint.size >= end, "smaller than the archive", field="checkpoint")
    with within(file="checkpoint"):
        require(verify.read(os.path.join(folder, "checkpoint")) == note, "not the one of the manifest", field="checkpoint")
    return manifest, sha256(data).hexdigest(), checkpoint

def check_archive(folder, trust, before, previous, found):
    """The state at the end of an archive, the digest of its manifest, and its checkpoint."""
    manifest, digest, checkpoint = read_manifest(folder, trust, before, previous)
    start, end = manifest["start"], manifest["state"]["size"]
    leaves = hash_rows(folder, checkpoint, found)[0]
    time, text, link = before["lastTime"] and verify.parse_time(before["lastTime"]), None, bytes.fromhex(before["lastHash"])
    for n in range(start // 256, end // 256):
        name, entries, is_whole = verify.read_tile(folder, "entries", n, 256)
        with within(found, file=name, index=256 * n + len(entries), field="length"):
            require(is_whole, "the lengths and number of entries do not fit the file")
        for i, entry in enumerate(entries, 256 * n):
            with within(found, file=name, index=i):
                require(verify.leaf_hash(entry) == leaves[i], "not the entry of its hash", field="hash")
                time, given = verify.check_entry(entry, i, time)
                require(given == (leaves[i - 1] if i > start else link), "not the hash of the entry before", field="previous")
                text = json.loads(entry)["time"]
    with within(found, file="manifest.json", field="state"):
        require([h.hex() for h in frontier(leaves, start)] == before["frontier"], "goes on from another history")
        state = {"frontier": [h.hex() for h in frontier(leaves, end)], "lastHash": leaves[end - 1].hex(), "lastTime": text, "size": end, "v": 1}
        require(manifest["state"] == state, "not the state at its end")
    return manifest["state"], digest, checkpoint

def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks archives of a Causeway ledger, offline.")
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--key", help="verifier key of the log")
    whose.add_argument("--policy", help="file of a C2SP tlog-policy")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("ARCHIVE", nargs="+", help="all archives, in their order")
    try:
        args = parser.parse_args(arguments)
        key = args.key and verify.parse_key(args.key)
    except SystemExit as stop:
        return 64 if stop.code else 0
    except NotSound as error:
        return print(error, file=sys.stderr) or 64
    found, state, digest, facts = [], EMPTY, "0" * 64, {}
    try:
        with within(file=args.policy):
            trust = verify.Trust({key: key.name}, {}, {}, "none") if key else verify.parse_policy(verify.read(args.policy))
        for folder in args.ARCHIVE:
            with within(archive=folder):
                here = []
                try:
                    state, digest, checkpoint = check_archive(folder, trust, state, digest, here)
                finally:
                    found += [{"archive": folder, **finding} for finding in here]
            if found:
                break  # what comes behind has nothing to go on from
            facts = {"origin": checkpoint.origin, "entries": state["size"], "size": checkpoint.size, "root": checkpoint.root.hex(), "manifest": digest}
    except OSError as error:
        return print(error, file=sys.stderr) or 66
    except NotSound as error:
        found.append(error.args[0])
    report = {"sound": not found, **facts}
    if args.json:
        print(json.dumps({**report, "findings": found}))
    else:
        print(*(f"{name}: {json.dumps(value)}" for name, value in report.items()), *map(json.dumps, found), sep="\n")
    return 65 if found else 0

if __name__ == "__main__":
    sys.exit(main())
