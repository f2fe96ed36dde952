#!/usr/bin/env python3
"""Checks what a Causeway ledger says, offline, with nothing but Python 3.11's standard library.

Written from the published texts that it names, not from Causeway's own code. README.md beside this file says what each command
checks and what it does not. Exit codes: 0 sound, 64 usage, 65 not sound, 66 no such file.
"""
import argparse, base64, json, os, re, sys
from collections import namedtuple
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256, sha512

FILE_LIMIT, DISCLOSURE_LIMIT, TILE_LIMIT = 1 << 20, 8 << 20, 256 * (2 + 65_535)  # bytes
SIGNATURE_LIMIT, HASH_LIMIT, FINDING_LIMIT = 64, 64, 100  # signature lines of a note, hashes of a proof, findings of a run

class NotSound(Exception):
    """Something does not hold. Its only argument says what, and where: file, line or part, index, field."""

def require(holds, what, **where):
    if not holds:
        raise NotSound({**where, "what": what})

@contextmanager
def within(found=None, **where):
    """Adds the place to what is found inside, and goes on after it when there is a list to keep it in."""
    try:
        yield
    except NotSound as error:
        finding = {**where, **error.args[0]}
        if found is None or len(found) == FINDING_LIMIT:
            raise NotSound(finding) from None
        found.append(finding)

def read(path, limit=FILE_LIMIT):
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: no such file")
    with open(path, "rb") as file:
        data = file.read(limit + 1)
    require(len(data) <= limit, f"larger than {limit} bytes", file=path)
    return data

# Ed25519, RFC 8032 section 5.1. Strict: S < L, canonical encodings only, no point of small order, no cofactor.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def add(p, q):
    """Sum of points in extended coordinates (X, Y, Z, T), where x = X/Z, y = Y/Z and x·y = T/Z."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P

def times(number, p):
    total = (0, 1, 1, 0)
    while number:
        total = add(total, p) if number & 1 else total
        p, number = add(p, p), number >> 1
    return total

def point(encoded):
    """The point of 32 bytes; None when they are not its only encoding, or when it is of small order."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(encoded) != 32 or y >= P or x * x % P != square:
        return None
    x = x if x & 1 == sign else P - x
    p = (x, y, 1, x * y % P)
    return p if times(8, p)[0] else None  # in the subgroup of order 8, eight times a point has x = 0; so has one with x = 0 itself

def ed25519_holds(public, message, signature):
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))), add(r, times(k, a))  # S·B = R + k·A
    return all(left[i] * right[2] % P == right[i] * left[2] % P for i in (0, 1))

# Texts
def unbase64(text, length=None, **where):
    data = base64.b64decode(text) if len(text) % 4 == 0 and re.fullmatch("[A-Za-z0-9+/]*={0,2}", text) else b""
    require(base64.b64encode(data).decode() == text and length in (None, len(data)), "not canonical base64 of its length", **where)
    return data

def decimal(text, **where):
    require(re.fullmatch("0|[1-9][0-9]{0,18}", text) and int(text) < 2**63, "not a decimal number below 2^63 in short form", **where)
    return int(text)

def parse_time(text):
    try:
        return datetime.fromisoformat(re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]{3})?Z", str(text))[0])
    except (TypeError, ValueError):
        raise NotSound({"field": "time", "what": "not a time by RFC 3339 in UTC, with or without milliseconds"}) from None

def text_lines(data, **where):
    """The lines of a text in UTF-8, each ended by a newline, without other control characters."""
    text = data.decode(errors="surrogateescape")
    require(text[-1:] in ("", "\n") and not re.search("[\0-\t\v-\x1f\ud800-\udfff]", text), "not lines of UTF-8 text", **where)
    return text.split("\n")[:-1]

def parse_hashes(lines):
    require(len(lines) <= HASH_LIMIT, f"more than {HASH_LIMIT} hashes", field="hash")
    return [unbase64(line, 32, field="hash", index=i) for i, line in enumerate(lines)]

def canonical(value):
    """RFC 8785 for what `parse_object` has read: the order of its names is kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

def parse_object(data):
    """An object in canonical JSON whose numbers are integers within ±(2^53 - 1): Causeway hashes and signs no others."""
    def members(pairs):
        names = [name.encode("utf-16-be") for name, _ in pairs]
        return dict(pairs) if names == sorted(set(names)) else None  # as null it differs from what was read
    def integer(text):
        return int(text) if len(text) < 18 and abs(int(text)) < 2**53 else None
    try:  # `int` knows neither fraction nor NaN
        value = json.loads(data.decode(), object_pairs_hook=members, parse_int=integer, parse_float=int, parse_constant=int)
        require(isinstance(value, dict) and canonical(value) == data, "not a canonical JSON object", field="json")
        return value
    except (ValueError, RecursionError):
        raise NotSound({"field": "json", "what": "not JSON"}) from None

# C2SP signed-note and tlog-cosignature. Kind 0x01 signs the text, 0x04 the text with a time (a cosignature); other keys are unknown.
Key = namedtuple("Key", "name id kind public")
NAME = r"[^\s+\0-\x1f\ud800-\udfff]+"  # of a key: no space of Unicode, no plus

def make_key(name, kind, public):
    return Key(name, sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4], kind, public)

def parse_key(text):
    match = re.fullmatch(rf"({NAME})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/=]+)", text)
    material = unbase64(match[3] if match else "", field="key")
    require(material, "not <name>+<8 lower-case hexadecimal digits>+<base64>", field="key")
    key = make_key(match[1], material[0], material[1:])
    if key.kind in (1, 4):
        require(point(key.public) and key.id.hex() == match[2], "not an Ed25519 key, or the id of another", field="key")
    return key._replace(id=bytes.fromhex(match[2]))

def parse_note(data):
    """The lines of a note's text, and its signatures as (key name, key id, signature)."""
    lines, signatures = text_lines(data, field="note"), []
    cut = len(lines) - lines[::-1].index("") if "" in lines else 0  # after the last empty line
    require(cut > 1 and 1 <= len(lines) - cut <= SIGNATURE_LIMIT, "not a text, an empty line and 1 to 64 signature lines", field="note")
    for i, line in enumerate(lines[cut:]):
        match = re.fullmatch(rf"\u2014 ({NAME}) ([A-Za-z0-9+/=]+)", line)
        signature = unbase64(match[2] if match else "", field="signature", index=i)
        require(len(signature) > 4, "not a signature line", field="signature", index=i)
        signatures.append((match[1], signature[:4], signature[4:]))
    return lines[:cut - 1], signatures

def verify_signatures(lines, signatures, keys):
    """The keys that have signed, with the time of their cosignature, or 0. Unknown keys are ignored, bad signatures are not."""
    text, signed = "".join(line + "\n" for line in lines).encode(), {}
    for i, (name, key_id, signature) in enumerate(signatures):
        for key in keys:
            if key.kind in (1, 4) and key[:2] == (name, key_id):
                time = int.from_bytes(signature[:8], "big") if key.kind == 4 else 0
                message, raw = (b"cosignature/v1\ntime %d\n%b" % (time, text), signature[8:]) if key.kind == 4 else (text, signature)
                require(time < 2**63 and ed25519_holds(key.public, message, raw), f"{name} has not signed this", field="signature", index=i)
                signed[key] = time
    return signed

# C2SP tlog-policy: origin of each key of a log, key of each named witness, and of each named group how many of which members it needs
Trust = namedtuple("Trust", "logs witnesses groups quorum")

def parse_policy(data):
    text = data.decode(errors="surrogateescape")  # names are bytes; no two texts of bytes become the same
    require(text.endswith("\n") and not re.search("[\0-\x08\v-\x1f\x7f]", text), "a control character, or no newline at the end")
    trust, used = Trust({}, {}, {}, None), set()
    for line_number, line in enumerate(text.split("\n"), 1):
        names = {"none", *trust.witnesses, *trust.groups}
        with within(line=line_number):
            match re.findall(r"[^ \t]+", line):
                case ["log", vkey] | ["log", vkey, _]:
                    key = parse_key(vkey)
                    require(key.public not in [other.public for other in trust.logs], "a second log of this key", field="log")
                    trust.logs[key] = key.name
                case ["witness", name, vkey] | ["witness", name, vkey, _]:
                    key, others = parse_key(vkey), [other.public for other in trust.witnesses.values()]
                    holds = name not in names and key.public not in others and key.kind != 1
                    require(holds, "a name that is taken, a second witness of this key, or not a key for cosignatures", field="witness")
                    trust.witnesses[name] = key
                case ["group", name, count, *members] if members:
                    count = {"any": "1", "all": "%d" % len(members)}.get(count, count)
                    holds = re.fullmatch(r"[1-9][0-9]{0,8}", count) and int(count) <= len(members) and name not in names
                    require(holds, "a count that is not any, all or of 1 to all members, or a name that is taken", field="group")
                    holds = names - {"none"} - used >= {*members} and len({*members}) == len(members)
                    require(holds, "a member that no line before defines, or that is a member already", field="group")
                    used.update(members)
                    trust.groups[name] = (int(count), members)
                case ["quorum", name] if trust.quorum is None:
                    require(name in names, "a name that no line before defines", field="quorum")
                    trust = trust._replace(quorum=name)
                case [word, *_]:
                    require(word.startswith("#"), "not a line of a policy, or a second quorum", field="policy")
    require(trust.quorum is not None, "no quorum line", field="quorum")
    return trust

def is_quorum(trust, cosigners):
    met = {"none", *cosigners}
    for name, (needed, members) in trust.groups.items():  # members are defined before their group
        if sum(member in met for member in members) >= needed:
            met.add(name)
    return trust.quorum in met

# C2SP tlog-checkpoint; `cosigned` has the POSIX time of each witness of the policy
Checkpoint = namedtuple("Checkpoint", "origin size root cosigned")

def parse_checkpoint(data, trust, as_evidence=False):
    """A checkpoint that an accepted key of its log has signed and, unless it is evidence against that log, the quorum has cosigned."""
    lines, signatures = parse_note(data)
    require(len(lines) >= 3 and "" not in lines, "not three lines", field="checkpoint")
    require(len(lines) == 3 or as_evidence, "extension lines, which nobody can audit", field="extension")
    origin, size, root = lines[0], decimal(lines[1], field="size"), unbase64(lines[2], 32, field="root")
    witnesses = {} if as_evidence else trust.witnesses
    signed = verify_signatures(lines, signatures, [*trust.logs, *witnesses.values()])
    require(origin in {trust.logs.get(key) for key in signed}, "no accepted key of this log has signed it", field="signature")
    cosigned = {name: signed[key] for name, key in witnesses.items() if key in signed}
    require(as_evidence or is_quorum(trust, cosigned), f"{len(cosigned)} cosignatures are not the quorum", field="cosignature")
    return Checkpoint(origin, size, root, cosigned)

# Merkle trees, RFC 6962 section 2.1
def leaf_hash(entry):
    return sha256(b"\x00" + entry).digest()

def node_hash(left, right):
    return sha256(b"\x01" + left + right).digest()

def tree_hash(nodes):
    """The root over nodes of one height: pairs upwards, an odd last one as it is."""
    while len(nodes) > 1:
        pairs = [node_hash(nodes[i], nodes[i + 1]) for i in range(0, len(nodes) - 1, 2)]
        nodes = pairs + nodes[2 * len(pairs):]
    return nodes[0] if nodes else sha256(b"").digest()

def climb(fn, sn, fr, sr, path):
    """The loop of RFC 9162 sections 2.1.3.2 and 2.1.4.2: both roots, or None, None when the path is too long or too short."""
    for p in path:
        if sn == 0:
            return None, None
        if fn & 1 or fn == sn:
            fr, sr = node_hash(p, fr), node_hash(p, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, p)
        fn, sn = fn >> 1, sn >> 1
    return (fr, sr) if sn == 0 else (None, None)

def inclusion_root(leaf, index, size, path):
    return climb(index, size - 1, leaf, leaf, path)[1] if 0 <= index < size and len(leaf) == 32 else None

def consistency_roots(first, second, path):
    """Both roots that a path whose first node is always explicit leads to; None, None when it leads nowhere."""
    fn, sn = first - 1, second - 1
    if not 0 < first < second or not path:
        return None, None
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    return climb(fn, sn, path[0], path[0], path[1:])

def is_consistent(first, second, first_root, second_root, path):
    if first == second or not path:
        return 0 < first == second and not path and first_root == second_root
    explicit = path if first & (first - 1) else [first_root, *path]  # RFC 9162 leaves it out for a power of two
    return consistency_roots(first, second, explicit) == (first_root, second_root)

# C2SP tlog-tiles
def read_tile(folder, level, n, width):
    """Name of the partial tile of a width or else of the full one, its entries or hashes up to the width, and whether it is whole."""
    path, items, at = "".join(f"x{n // 1000**i % 1000:03d}/" for i in (3, 2, 1) if n >= 1000**i) + f"{n % 1000:03d}", [], 0
    full, partial = f"tile/{level}/{path}", f"tile/{level}/{path}.p/{width}"
    name, held = (partial, width) if width < 256 and os.path.lexists(os.path.join(folder, partial)) else (full, 256)
    require(os.path.isfile(os.path.join(folder, name)), "missing" + (f", as is {partial}" if held != width else ""), file=name)
    data = read(os.path.join(folder, name), TILE_LIMIT)
    while at < len(data):
        start = at + 2 if level == "entries" else at
        at = start + (int.from_bytes(data[at:start], "big") if level == "entries" else 32)
        items += [data[start:at]] if at <= len(data) else []
    require(level == "entries" or len(data) == 32 * held, f"{len(data)} bytes, not {held} hashes", file=name)
    return name, items[:width], at == len(data) and len(items) == held

def check_entry(data, index, latest):
    """Version, place, time and link of an entry of Causeway: its time, and its hash of the entry before."""
    entry = parse_object(data)
    place, time, previous = (entry.get("v"), entry.get("index")), parse_time(entry.get("time")), str(entry.get("previous"))
    require(place == (1, index) and bool not in map(type, place), "not version 1 at its place in the log", field="index")
    require(time >= (latest or time), "earlier than the entry before", field="time")
    require(re.fullmatch("[0-9a-f]{64}", previous), "not 64 lower-case hexadecimal digits", field="previous")
    return time, bytes.fromhex(previous)

# Commands: each returns the facts that it has proven, and fails with what it has found wrong
def log(args, trust, found):
    names, leaves, hashes, links, latest = [], [], [], {}, None
    with within(file="checkpoint"):
        checkpoint = parse_checkpoint(read(os.path.join(args.FOLDER, "checkpoint")), trust)
    for n in range((checkpoint.size + 255) // 256):
        width = min(256, checkpoint.size - 256 * n)
        (bundle, entries, is_whole), (tile, row, _) = (read_tile(args.FOLDER, level, n, width) for level in ("entries", 0))
        names.append((bundle, tile))
        leaves += [leaf_hash(entry) for entry in entries] + [b""] * (width - len(entries))
        hashes += row
        with within(found, file=bundle, index=256 * n + len(entries), field="length"):
            require(is_whole, "the lengths and number of entries do not fit the file")
        for i, entry in enumerate(() if args.opaque else entries, 256 * n):
            with within(found, file=bundle, index=i):
                latest, links[i] = check_entry(entry, i, latest)
    at_fault, row = (1, leaves) if tree_hash(leaves) == checkpoint.root else (0, hashes)  # of a bundle and its tile
    with within(found, file="checkpoint", field="root"):
        require(at_fault or tree_hash(hashes) == checkpoint.root, "neither the entries nor the hash tiles lead to it")
    for i, (leaf, hashed) in enumerate(zip(leaves, hashes)):
        with within(found, file=names[i // 256][at_fault], index=i, field="hash"):
            require(leaf == hashed, f"the entry does not have its hash in {names[i // 256][1]}")
    for i, previous in links.items():
        with within(found, file=names[i // 256][0], index=i, field="previous"):
            require(previous == (row[i - 1] if i else bytes(32)), "not the hash of the entry before")
    for level in range(1, 8):
        row = [tree_hash(row[i:i + 256]) for i in range(0, len(row) - 255, 256)]
        for n in range((len(row) + 255) // 256):
            name, tile, _ = read_tile(args.FOLDER, level, n, min(256, len(row) - 256 * n))
            for i, hashed in enumerate(tile, 256 * n):
                with within(found, file=name, index=i, field="hash"):
                    require(hashed == row[i], f"not the hash of tile {i} of level {level - 1}")
    return checkpoint._asdict()

def verify_proof(data, entry, trust, extra_allowed=True):
    """Index and checkpoint of a C2SP tlog-proof that the entry's bytes are in the log."""
    lines = text_lines(data, field="proof")
    require(lines[:1] == ["c2sp.org/tlog-proof@v1"] and "" in lines, "not a proof of this version", field="proof")
    at = 2 if extra_allowed and lines[1].startswith("extra ") and unbase64(lines[1][6:], field="extra") else 1
    cut = lines.index("")
    require(lines[at].startswith("index "), "not an index line", field="index")
    index, path = decimal(lines[at][6:], field="index"), parse_hashes(lines[at + 1:cut])
    with within(part="checkpoint"):
        checkpoint = parse_checkpoint("".join(line + "\n" for line in lines[cut + 1:]).encode(), trust)
    root = inclusion_root(leaf_hash(entry), index, checkpoint.size, path)
    require(root == checkpoint.root, "the path does not lead from the entry to the root", index=index, field="hash")
    return {"index": index, **checkpoint._asdict()}

def proof(args, trust, _):
    with within(file=args.FILE):
        return verify_proof(read(args.FILE), read(args.entry), trust)

def consistency(args, trust, _):
    checkpoints = []
    for file in (args.OLDNOTE, args.NEWNOTE):
        with within(file=file):
            checkpoints.append(parse_checkpoint(read(file), trust))
    (origin, first, old_root, _), (other, second, new_root, _) = checkpoints
    with within(file=args.PROOF):
        path = parse_hashes(text_lines(read(args.PROOF), field="hash"))
        require(origin == other, "checkpoints of two logs", field="origin")
        is_start = first == 0 and not path and old_root == tree_hash([]) and (second > 0 or new_root == old_root)
        holds = is_start or is_consistent(first, second, old_root, new_root, path)
        require(holds, "the path does not lead from the old root to the new one", field="hash")
    return {"old": checkpoints[0]._asdict(), "new": checkpoints[1]._asdict()}

def fraud(args, trust, _):
    """Two signed checkpoints of which a log can honestly have only one."""
    with within(file=args.FILE):
        lines, signatures = parse_note(read(args.FILE))
        require(lines[0] == "causeway/fraud-proof@v1" and len(lines) >= 6, "not a fraud proof of this version", field="fraud")
        _, origin, kind, time, *notes = lines[:6]
        checkpoints, keys = [], [args.reporter] if args.reporter else trust.witnesses.values()
        parse_time(time)
        for part, line in zip(("first", "second"), notes):
            with within(part=part):
                require(line.startswith(part + " "), "not the line of this checkpoint", field="fraud")
                checkpoints.append(parse_checkpoint(unbase64(line[len(part) + 1:], field="note"), trust, as_evidence=True))
                require(checkpoints[-1].origin == origin, "a checkpoint of another log", field="origin")
        reporters = verify_signatures(lines, signatures, [make_key(key.name, 1, key.public) for key in keys if key.kind in (1, 4)])
        require(reporters or not args.reporter, "the reporter has not signed this", field="signature")
        (first, second), path = checkpoints, parse_hashes(lines[6:])
        then, now = consistency_roots(first.size, second.size, path)
        if kind == "split-view":
            require(first.size == second.size and first.root != second.root and not path, "not just two roots of one size", field="root")
        elif kind == "rewrite":
            require(then is not None and now == second.root, "the hashes do not lead to the second root", field="hash")
            require(then != first.root, "no rewrite: the second tree continues the first", field="root")
        else:
            what = "claim, not proof: only the word of its reporter" if kind == "claim" else "not split-view, rewrite or claim"
            require(kind == "claim" and args.accept_claim and reporters, what, field="kind")
        return {"kind": kind, "reporters": [key.name for key in reporters], "first": first._asdict(), "second": second._asdict()}

def values(value, names, field):
    holds = isinstance(value, dict) and list(value) == names.split() and type(value["v"]) is int and value["v"] == 1
    require(holds, f"not an object of exactly {names}, of version 1", field=field)
    return value.values()

def parse_contents(contents):
    """How many fields each element has, and which elements are mandatory."""
    elements, leaves, profile, _ = values(contents, "elements leaves profile v", "contents")
    counts, mandatory, token = {}, [], r"([A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)(?:\*(0(?=!)|[2-9]|[1-9][0-9]{1,6}))?(!?)"
    for group, text in elements.items() if isinstance(elements, dict) else ():
        tokens = [re.fullmatch(token, part) for part in str(text).split(" ")]
        holds = re.fullmatch("[A-Za-z0-9]+", group) and isinstance(text, str) and all(t and len(group + t[1]) < 100 for t in tokens)
        require(holds and [t[1] for t in tokens] == sorted({t[1] for t in tokens}), "not tokens in rising order", field="elements")
        counts.update({f"{group}.{t[1]}": int(t[2] or 1) for t in tokens})
        mandatory += [f"{group}.{t[1]}" for t in tokens if t[3]]
    holds = type(leaves) is int and 1 <= leaves <= 1_000_000 and sum(counts.values()) == leaves and isinstance(profile, str)
    require(holds, "malformed, or the counts do not add up to the leaves", field="contents")
    return counts, mandatory

def check_fields(fields, leaves, counts):
    """The form and order of the fields that are shown; how many of each element stay hidden."""
    hidden, latest, places = {**counts}, -1, set()
    for i, field in enumerate(fields):
        with within(index=i, field="fields"):
            index, element, place, salt, value, *terms = field if isinstance(field, list) and 5 <= len(field) <= 6 else [None] * 5
            require(type(index) is int and latest < index < leaves, "not a field, or not a rising index below their number")
            require(isinstance(element, str) and hidden.get(element, 0) > 0, "not in the contents, or not so often")
            holds = isinstance(place, list) and len(place) <= 8 and all(type(at) is int and at > 0 for at in place)
            require(holds and (element, *place) not in places, "not a place, or shown twice")
            holds = re.fullmatch("[A-Za-z0-9_-]{21}[AQgw]", str(salt)) and isinstance(value, str | None)
            holds = holds and all(isinstance(t, dict) and list(t) in (["list"], ["unit"]) and isinstance(*t.values(), str) for t in terms)
            require(holds, "not a salt, a value and its terms")
            latest, hidden[element] = index, hidden[element] - 1
            places.add((element, *place))
    return hidden

def fields_root(shown, start, end, hashes):
    """Root over the fields from start to end: from those that are shown, and the next hash for each subtree without any."""
    if not shown:
        require(hashes, "too few", field="hashes")
        return hashes.pop()
    if end - start == 1:
        return leaf_hash(b"causeway/field/v1\n" + canonical(shown[0]))
    middle = start + (1 << (end - start - 1).bit_length() - 1)
    left = fields_root([field for field in shown if field[0] < middle], start, middle, hashes)
    return node_hash(left, fields_root([field for field in shown if field[0] >= middle], middle, end, hashes))

def disclosure(args, trust, _):
    """Chosen fields of a message, with the proof that a ledger entry commits to them (docs/disclosure.md)."""
    with within(file=args.FILE):
        document = parse_object(read(args.FILE, DISCLOSURE_LIMIT))
        contents, entry, fields, encoded, text, _ = values(document, "contents entry fields hashes proof v", "disclosure")
        counts, mandatory = parse_contents(contents)
        holds = isinstance(fields, list) and fields and isinstance(entry, dict) and isinstance(encoded, str) and isinstance(text, str)
        require(holds and re.fullmatch("[A-Za-z0-9_-]*", encoded), "malformed, or no field is shown", field="disclosure")
        hidden = check_fields(fields, contents["leaves"], counts)
        data = unbase64(encoded.translate({45: 43, 95: 47}) + "=" * (-len(encoded) % 4), field="hashes")
        hashes = [data[i:i + 32] for i in range(0, len(data), 32)][::-1]
        root = fields_root(fields, 0, contents["leaves"], hashes)
        require(not hashes and len(data) % 32 == 0, "too many", field="hashes")
        root = node_hash(leaf_hash(b"causeway/fields/v1\n" + canonical(contents)), root).hex()
        require(entry.get("fields") == root, "not the root that the fields lead to", field="entry.fields")
        kinds, versions = [f"{a}.{b}" for a in ("declaration", "amendment") for b in ("sent", "received")], entry.get("versions")
        holds = entry.get("kind") in kinds and isinstance(versions, dict) and versions.get("profile") == contents["profile"]
        require(holds, "another kind or profile", field="entry")
        proven = verify_proof(text.encode(), canonical(entry), trust, extra_allowed=False)
        check_entry(canonical(entry), proven["index"], None)
        for element in args.require.split(",") if args.require else ():
            require(counts.get(element) and not hidden[element], f"{element} is required and not all shown", field="fields")
    withheld = {element: {"fields": n, "mandatory": element in mandatory} for element, n in hidden.items() if n}
    missing, shown = [element for element, n in counts.items() if n == 0], [[f[1], f[2], *f[4:]] for f in fields]
    return {**proven, "entry": entry, "shown": shown, "withheld": withheld, "missing": missing}

def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks what a Causeway ledger says, offline.")
    commands, found, proven = parser.add_subparsers(dest="command", required=True), [], {}
    for run, files, options in (
            (log, "FOLDER", {"--opaque": "a log of other entries than Causeway's"}),
            (proof, "FILE", {"--entry=": "file of the entry's bytes"}),
            (consistency, "OLDNOTE NEWNOTE PROOF", {}),
            (fraud, "FILE", {"--reporter=": "verifier key of who must have signed", "--accept-claim": "believe a known reporter"}),
            (disclosure, "FILE", {"--require=": "elements, by commas, of which every field must be shown"})):
        command = commands.add_parser(run.__name__)
        whose = command.add_mutually_exclusive_group(required=True)
        whose.add_argument("--key", help="verifier key of the log")
        whose.add_argument("--policy", help="file of a C2SP tlog-policy")
        for name in files.split():
            command.add_argument(name)
        for name, text in {**options, "--json": "one JSON object"}.items():
            command.add_argument(name.rstrip("="), action="store" if "=" in name else "store_true", required=name == "--entry=", help=text)
        command.set_defaults(run=run, reporter=None)
    try:
        args = parser.parse_args(arguments)
        key, args.reporter = (None if text is None else parse_key(text) for text in (args.key, args.reporter))
    except SystemExit as stop:
        return 64 if stop.code else 0
    except NotSound as error:
        return print(error, file=sys.stderr) or 64
    try:
        with within(file=args.policy):
            trust = Trust({key: key.name}, {}, {}, "none") if key else parse_policy(read(args.policy))
        proven = args.run(args, trust, found)
    except OSError as error:
        return print(error, file=sys.stderr) or 66
    except NotSound as error:
        found.append(error.args[0])
    encode, report = json.JSONEncoder(default=lambda data: base64.b64encode(data).decode()).encode, {"sound": not found, **proven}
    lines = [encode({**report, "findings": found})] if args.json else [f"{name}: {encode(value)}" for name, value in report.items()]
    print(*lines, *(encode(finding) for finding in found if not args.json), sep="\n")
    return 65 if found else 0

if __name__ == "__main__":
    sys.exit(main())
