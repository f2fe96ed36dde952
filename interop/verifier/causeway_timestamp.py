"""Reads RFC 3161 time-stamps in evidence files, for causeway_evidence.py; written from docs/evidence.md and RFC 3161.

Whether an authority has signed a token takes X.509 paths and is **not** checked here. The report says so: "verified" is false.
"""
import re
from datetime import datetime, timedelta
from hashlib import sha256

import causeway_verify as verify
from causeway_verify import NotSound, require

def der(data, at):
    """Start and end of the content of the DER value at a place (X.690 section 8.1.3)."""
    require(at + 2 <= len(data), "cut off", field="certificate")
    start, length = at + 2, data[at + 1]
    if length & 0x80:
        start, length = start + (length & 0x7F), int.from_bytes(data[start:start + (length & 0x7F)], "big")
    require(start + length <= len(data), "cut off", field="certificate")
    return start, start + length

def values(data):
    """Tag and content of each DER value in a row."""
    found, at = [], 0
    while at < len(data):
        start, end = der(data, at)
        found.append((data[at], data[start:end]))
        at = end
    return found

SHA256 = bytes.fromhex("0609608648016503040201")

class TimeStamp:
    """What a token (RFC 3161 section 2.4.2) states: the SHA-256 that it is for, and the time with how far that may be off."""
    def __init__(self, token):
        require(len(token) <= 64 << 10, "too large", field="token")
        def inside(data, tag, *path):
            for n in path:
                found = values(data)
                require(n < len(found), "cut off", field="token")
                kind, data = found[n]
            require(kind == tag, "another form", field="token")
            return data
        content = inside(token, 0x30, 0)
        require(len(values(token)) == 1 and inside(content, 6, 0).hex() == "2a864886f70d010702", "not signed data", field="token")
        held = inside(content, 0x30, 1, 0, 2)
        require(inside(held, 6, 0).hex() == "2a864886f70d0109100104", "not a TSTInfo", field="token")
        info = inside(inside(held, 4, 1, 0), 0x30, 0)
        imprint, algorithm = inside(info, 0x30, 2), inside(info, 0x30, 2, 0)
        self.imprint = inside(imprint, 4, 1)
        require(algorithm in (SHA256, SHA256 + b"\5\0") and len(self.imprint) == 32, "not SHA-256", field="imprint")
        match = re.fullmatch(rb"([0-9]{14})(?:\.([0-9]{0,8}[1-9]))?Z", inside(info, 0x18, 4))
        require(match, "not a time", field="time")
        rest = values(info)[5:6]
        off = {tag: int.from_bytes(number, "big") for tag, number in values(rest[0][1])} if rest and rest[0][0] == 0x30 else {}
        most = {2: 31_536_000, 0x80: 999, 0x81: 999}
        require(all(number <= most.get(tag, 0) for tag, number in off.items()), "out of range", field="accuracy")
        micros = -(-int((match[2] or b"0").ljust(9, b"0")) // 1_000_000) * 1000  # up to the next millisecond
        try:
            self.time = datetime.strptime(match[1].decode() + "+0000", "%Y%m%d%H%M%S%z") + timedelta(microseconds=micros)
            self.time += timedelta(seconds=off.get(2, 0), milliseconds=off.get(0x80, 0) + (off.get(0x81, 0) > 0))
        except (ValueError, OverflowError):
            raise NotSound({"field": "time", "what": "not a time"}) from None
        self.size, self.entries = 0, set()

    def report(self):
        time = self.time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.time.microsecond // 1000:03}Z"
        return {"time": time, "size": self.size, "entries": sorted(self.entries), "verified": False}

def check_stamped(text, entry, index, origin, stamps):
    lines = text.split("\n")
    cut = lines.index("") if "" in lines else len(lines)
    require(lines[1] == f"index {index}", "not the entry's", field="index")
    note = "\n".join(lines[cut + 1:]).encode()
    checkpoint, _ = verify.parse_note(note)
    require(len(checkpoint) >= 3 and checkpoint[0] == origin, "of another log", field="origin")
    size, root = verify.decimal(checkpoint[1], field="size"), verify.unbase64(checkpoint[2], 32, field="root")
    path = verify.inclusion_root(verify.leaf_hash(entry), index, size, verify.parse_hashes(lines[2:cut]))
    require(path == root, "the path does not lead from the entry to the root", field="hash")
    stamp = stamps.get(sha256(note).digest())
    require(stamp, "no time-stamp is for this checkpoint", field="imprint")
    stamp.size = size
    stamp.entries.add(index)
