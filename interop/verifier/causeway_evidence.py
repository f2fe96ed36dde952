#!/usr/bin/env python3
"""Checks an evidence file of a Causeway gateway, offline, with nothing but Python 3.11's standard library and the two files beside it.

Written from docs/evidence.md, docs/registry.md and docs/protocol.md and the texts that they name, not from Causeway's own code.
Exit codes: 0 sound, 64 usage, 65 not sound, 66 no such file.
"""
import argparse, base64, json, re, sys
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256

import causeway_verify as verify
from causeway_timestamp import TimeStamp, check_stamped, der
from causeway_verify import NotSound, canonical, parse_time, require

FILE_LIMIT, MESSAGE_LIMIT, RECEIPT_LIMIT = 64 << 20, 10_000, 256 << 10
KINDS, SKEW = ("declaration", "amendment", "withdrawal", "status"), timedelta(seconds=300)
DIGEST, TIME = "[0-9a-f]{64}", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

# ECDSA on P-256 with SHA-256, FIPS 186-5 section 6.4.2; points are (x, y), None is the point at infinity
P, N = 2**256 - 2**224 + 2**192 + 2**96 - 1, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)

def add(p, q):
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    slope = (3 * p[0] * p[0] - 3) * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P

def times(number, p):
    total = None
    while number:
        total = add(total, p) if number & 1 else total
        p, number = add(p, p), number >> 1
    return total

def p256_holds(point, message, signature):
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not (0 < r < N and 0 < s < N):
        return False
    inverse, digest = pow(s, -1, N), int.from_bytes(sha256(message).digest(), "big")
    total = add(times(digest * inverse % N, G), times(r * inverse % N, point))
    return total is not None and total[0] % N == r

# Keys and certificates
def pem(text, label):
    match = re.fullmatch(rf"\s*-----BEGIN {label}-----\s([A-Za-z0-9+/=\s]+)-----END {label}-----\s*", text)
    return verify.unbase64("".join(match[1].split()) if match else "?", field="pem")

def public_key(spki):
    """Algorithm and key of a SubjectPublicKeyInfo, in the one encoding of each (RFC 5480: named curve, uncompressed; RFC 8410)."""
    if spki[:12].hex() == "302a300506032b6570032100" and len(spki) == 44:
        require(verify.point(spki[12:]), "not a key", field="key")
        return "EdDSA", spki[12:]
    holds = spki[:27].hex() == "3059301306072a8648ce3d020106082a8648ce3d03010703420004" and len(spki) == 91
    require(holds, "neither P-256 nor Ed25519", field="key")
    x, y = int.from_bytes(spki[27:59], "big"), int.from_bytes(spki[59:], "big")
    require(x < P and y < P and (y * y - x * x * x + 3 * x - B) % P == 0, "not a point of the curve", field="key")
    return "ES256", (x, y)

def spki_of(certificate):
    at = der(certificate, der(certificate, 0)[0])[0]
    for _ in range(6):  # of a TBSCertificate: version, serialNumber, signature, issuer, validity, subject (RFC 5280 section 4.1)
        at = der(certificate, at)[1]
    return certificate[at:der(certificate, at)[1]]

# JSON and JWS
def get(value, kind, *names):
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    require(type(value) is kind, f"not a {kind.__name__}", field=".".join(names))
    return value

def parse(data):
    """JSON that need not be canonical; its members are put in canonical order. Numbers are integers, names stand once."""
    def members(pairs):
        require(len({name for name, _ in pairs}) == len(pairs), "a name twice", field="json")
        return dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be")))
    def integer(text):
        require(len(text) < 18 and abs(int(text)) < 2**53, "not an integer within 2^53", field="json")
        return int(text)
    try:
        value = json.loads(data.decode(), object_pairs_hook=members, parse_int=integer, parse_float=int, parse_constant=int)
        canonical(value)  # fails for half a surrogate pair
        return value
    except (ValueError, RecursionError):
        raise NotSound({"field": "json", "what": "not JSON of integers"}) from None

def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")

def unbase64url(text):
    require(re.fullmatch("[A-Za-z0-9_-]*", text), "not base64url", field="jws")
    return verify.unbase64(text.translate({45: 43, 95: 47}) + "=" * (-len(text) % 4), field="jws")

def check_jws(text, kind, payload, key_of):
    """A compact JWS (RFC 7515 section 7.1) of one kind; `payload` is the detached one, or None when it is attached. Returns the payload."""
    parts = text.split(".")
    require(len(parts) == 3 and (parts[1] == "") == (payload is not None), "not a compact JWS of this form", field="jws")
    header = parse(unbase64url(parts[0]))
    require(isinstance(header, dict) and list(header) == ["alg", "kid", "typ"] and header["typ"] == kind, "another header", field="jws")
    algorithm, key = key_of(get(header, str, "kid"))
    message = f"{parts[0]}.{parts[1] if payload is None else base64url(payload)}".encode()
    holds = p256_holds if algorithm == "ES256" else verify.ed25519_holds
    require(header["alg"] == algorithm and holds(key, message, unbase64url(parts[2])), "the signature does not hold", field="jws")
    return unbase64url(parts[1]) if payload is None else payload

# The registry
def instant(text):
    """RFC 3339, with any offset: a registry may be written by hand."""
    match = re.fullmatch(r"[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})", str(text))
    try:
        return datetime.fromisoformat(match[0] if match else "")
    except ValueError:
        raise NotSound({"field": "time", "what": "not a time by RFC 3339"}) from None

def within(value, at):
    """Whether a period that `value` states contains a time: its start, not its end."""
    start, end = (instant(value[name]) if name in value else None for name in ("notBefore", "notAfter"))
    return (start is None or start <= at) and (end is None or at < end)

class Registry:
    def __init__(self, text, pem_text):
        document, spki = parse(text.encode()), pem(pem_text, "PUBLIC KEY")
        require(list(get(document, dict)) == ["registry", "signature"], "not a signed registry", field="registry")
        def key_of(kid):
            require(kid == sha256(spki).hexdigest(), "signed by another key", field="kid")
            return public_key(spki)
        self.content = get(document, dict, "registry")
        check_jws(get(document, str, "signature"), "causeway-registry+jws", canonical(self.content), key_of)
        self.version = get(self.content, int, "version")

    def find(self, what, name):
        found = [each for each in get(self.content, list, what) if get(each, str, "id") == name]
        require(found, "not in the registry", field=what)
        return found[0]

    def signing_key(self, name, at):
        """Finds the key of a `kid` among the signing certificates of a participant that hold at a time."""
        def key_of(kid):
            participant, expires = self.find("participants", name), self.content.get("expires")
            require(within(participant, at) and (expires is None or at < instant(expires)), "not a member at that time", field="kid")
            for entry in get(participant, list, "certificates"):
                certificate = pem(get(entry, str, "pem"), "CERTIFICATE")
                if sha256(certificate).hexdigest() == kid and get(entry, str, "role") == "signing" and within(entry, at):
                    return public_key(spki_of(certificate))
            raise NotSound({"field": "kid", "what": "no signing certificate of this participant that holds at that time"})
        return key_of

    def keys(self, name, what, at):
        """The verifier keys of a participant's `ledger` or `witness` that hold at a time."""
        participant = self.find("participants", name)
        listed = get(participant, list, what, "keys") if what in participant and within(participant, at) else []
        return [get(key, str, "verifierKey") for key in listed if within(key, at)]

    def policy(self, corridor, owner, at):
        ends = [corridor["from"], corridor["to"]]
        agreed = corridor.get("witnesses") or {"of": [end for end in ends if "witness" in self.find("participants", end)]}
        members = [member for member in get(agreed, list, "of") if member != owner]
        lines, quorum = [f"log {key}" for key in self.keys(owner, "ledger", at)], agreed.get("quorum", len(members))
        for member in members:
            keys = self.keys(member, "witness", at)
            lines += [f"witness {member}.{n} {key}" for n, key in enumerate(keys, 1)]
            lines.append(" ".join(["group", member, "any"] + [f"{member}.{n}" for n in range(1, len(keys) + 1)]))
        lines += [" ".join(["group quorum", str(quorum), *members]), "quorum quorum"] if quorum else ["quorum none"]
        return "".join(line + "\n" for line in lines)

# The file
NONE = type(None)
FORMS = {
    "": {"by": [str], "clearance": [dict], "made": [str], "message": [str, NONE], "messages": [list], "policy": [str],
         "registry": [str], "signature": [str], "timeStamps": [list], "v": [int]},
    "clearance": {"corridor": [str], "id": [str], "salt": [str, NONE], "ucr": [str, NONE]},
    "message": {"documents": [list], "entries": [list], "header": [dict, NONE], "id": [str], "receipt": [str, NONE],
                "signature": [str, NONE], "state": [str]},
    "document": {"bytes": [str, NONE], "kind": [str], "mediaType": [str, NONE], "sha256": [str], "status": [str]},
    "entry": {"entry": [dict], "proof": [str], "stamped": [str, NONE]}}

def form(value, name, **patterns):
    kinds = FORMS[name]
    holds = isinstance(value, dict) and list(value) == list(kinds) and all(type(value[each]) in kinds[each] for each in kinds)
    require(holds, f"not exactly the members {', '.join(kinds)} of their types", field=name)
    for each, pattern in patterns.items():
        require(value[each] is None or re.fullmatch(pattern, value[each]), "malformed", field=each)

def check_form(file):
    form(file, "", made=TIME, message=UUID)
    clearance, messages = file["clearance"], file["messages"]
    form(clearance, "clearance", salt=DIGEST)
    require(file["v"] == 1 and (clearance["salt"] is None) == (clearance["ucr"] is None), "another version, or half an opening", field="v")
    for message in messages:
        form(message, "message", id=UUID)
        require((message["header"] is None) == (message["signature"] is None), "a header without signature", field="signature")
        for document in message["documents"]:
            form(document, "document", kind="[a-z_]{1,32}", sha256=DIGEST)
            holds = document["status"] in ("enclosed", "withheld", "erased")
            require(holds and (document["bytes"] is None) == (document["status"] != "enclosed"), "another status", field="status")
            verify.unbase64(document["bytes"] or "", field="bytes")
        kinds = [document["kind"] for document in message["documents"]]
        require(len(kinds) == len(set(kinds)), "a kind twice", field="documents")
        for entry in message["entries"]:
            proof = r"c2sp\.org/tlog-proof@v1\nindex [0-9]+\n(?s:.*)"
            form(entry, "entry", proof=proof, stamped=proof)
    for token in file["timeStamps"]:
        require(isinstance(token, str), "not a text", field="timeStamps")
        verify.unbase64(token, field="timeStamps")
    holds = file["message"] is None or [message["id"] for message in messages] == [file["message"]]
    require(len(messages) <= MESSAGE_LIMIT and holds, "too many, or not the one message", field="messages")

# The checks of docs/evidence.md
@contextmanager
def place(found, code, at):
    """Notes what does not hold inside, with its code and its JSON Pointer into the file."""
    try:
        yield
    except NotSound as error:
        found.append({"code": f"evidence.{code}", "at": at, "reason": ", ".join(map(str, error.args[0].values()))})

class Message:
    """What of one message has been found to hold; None where it has not."""
    header = receipt = index = None

    def __init__(self, value):
        self.value, self.entries, self.payloads, self.proven = value, [], set(), []

def check_header(message, file, registry, corridor):
    header, signature = message.value["header"], message.value["signature"]
    data, sender, created = canonical(header), get(header, str, "sender"), get(header, str, "created")
    patterns = {"messageId": UUID, "created": TIME, "ucrCommitment": DIGEST, "kind": "|".join(KINDS)}
    for name, pattern in patterns.items():
        require(re.fullmatch(pattern, get(header, str, name)), "malformed", field=name)
    require(get(header, int, "version") == 1 and re.fullmatch(DIGEST, get(header, str, "payload", "sha256")), "malformed", field="header")
    get(header, int, "sequence"), get(header, int, "payload", "size")
    require(header.get("mode") in (None, "test", "pilot"), "malformed", field="mode")
    check_jws(signature, "causeway-envelope+jws", data, registry.signing_key(sender, parse_time(created)))
    for name, expected in (("messageId", message.value["id"]), ("clearance", file["clearance"]["id"]), ("corridor", corridor["id"])):
        require(get(header, str, name) == expected, "another one", field=name)
    require({sender, get(header, str, "recipient")} == {corridor["from"], corridor["to"]}, "not the ends of the corridor", field="sender")
    message.header, message.digest = header, sha256(data).hexdigest()

def check_receipt(message, registry):
    text, header = message.value["receipt"], message.header
    require(len(text.split(".")) == 3, "not a compact JWS", field="jws")
    stated = get(parse(unbase64url(text.split(".")[1])), str, "receivedAt")  # read first only to pick the key that held then
    require(re.fullmatch(TIME, stated), "malformed", field="receivedAt")
    received, recipient = parse_time(stated), header["recipient"]
    data = check_jws(text, "causeway-receipt+jws", None, registry.signing_key(recipient, received))
    require(len(data) <= RECEIPT_LIMIT, "too large", field="receipt")
    receipt = verify.parse_object(data)
    expected = {"version": 1, "receiver": recipient, "sender": header["sender"], "envelope": message.digest,
                "payload": header["payload"]["sha256"], **({"messageId": header["messageId"]} if "messageId" in receipt else {})}
    for name, value in expected.items():
        require(receipt.get(name) == value and type(receipt.get(name)) is type(value), "another one", field=name)
    require(received >= parse_time(header["created"]) - SKEW, "before the message", field="receivedAt")
    outcome, index = get(receipt, str, "outcome"), None
    require(outcome in ("accepted", "refused") and (outcome == "refused" or "ledger" in receipt), "another one, or no position", field="outcome")
    if "ledger" in receipt:
        index, note = get(receipt, int, "ledger", "index"), get(receipt, str, "ledger", "checkpoint")
        keys = [verify.parse_key(key) for key in registry.keys(recipient, "ledger", received)]
        trust = verify.Trust({key: key.name for key in keys}, {}, {}, "none")
        checkpoint = verify.parse_checkpoint(note.encode(), trust)
        require(0 <= index < checkpoint.size, "behind its checkpoint", field="index")
    message.receipt, message.index = outcome, index

def check_entry(message, entry, index, last):
    value, header, kind = message.value, message.header, get(entry, str, "kind")
    verify.check_entry(canonical(entry), index, None)
    require(entry.get("message") == value["id"], "of another message", field="message")
    require(index > last, "not rising", field="index")
    match = re.fullmatch(f"({'|'.join(KINDS)})\\.(sent|received)|receipt\\.received", kind)
    if match is None:
        return  # other kinds speak of the message, and some of somebody else's that has its id
    require(header and (match[1] in (None, header["kind"])), "of another kind", field="kind")
    expected = {"payload": header["payload"]["sha256"]}
    if match[1]:
        expected.update(subject=header["ucrCommitment"], corridor=header["corridor"])
    for name, value_expected in expected.items():
        require(entry.get(name) == value_expected, "another one", field=name)
    name, digest = ("envelope", message.digest) if match[1] else ("receipt", sha256((value["receipt"] or "").encode()).hexdigest())
    require(get(entry, str, "extra", name) == digest, "another one", field=name)

def check_entries(message, at, trust, accepts, found, checkpoints, origin, stamps):
    last = -1
    for i, each in enumerate(message.value["entries"]):
        entry, text, holds, proven = each["entry"], each["proof"], False, None
        with place(found, "entry", f"{at}/entries/{i}/entry"):
            index = verify.decimal(text.split("\n")[1][6:], field="index")
            check_entry(message, entry, index, last)
            last, holds = index, True
            message.entries.append(entry)
        with place(found, "proof", f"{at}/entries/{i}/proof"):
            proven = verify.verify_proof(text.encode(), canonical(entry), trust._replace(quorum="none"), extra_allowed=False)
        if each["stamped"] is not None:
            with place(found, "timestamp", f"{at}/entries/{i}/stamped"):
                check_stamped(each["stamped"], canonical(entry), verify.decimal(text.split("\n")[1][6:], field="index"), origin, stamps)
        if proven:
            times = sorted((trust.witnesses[name].name, time) for name, time in proven["cosigned"].items())
            checkpoint = {"origin": proven["origin"], "size": proven["size"], "root": proven["root"].hex(), "cosigned": times}
            checkpoints += [checkpoint] if checkpoint not in checkpoints else []
            with place(found, "not_final", f"{at}/entries/{i}/proof"):
                require(accepts or verify.is_quorum(trust, proven["cosigned"]), f"{len(times)} cosignatures")
            if holds:
                message.payloads.add(entry.get("payload"))
                message.proven.append([entry["kind"], entry["index"]])

def check_documents(message, at, found):
    documents, header, warrants = message.value["documents"], message.header, {}
    with place(found, "document", f"{at}/documents"):
        has_wire = any(document["kind"] == "wire" for document in documents)
        require(has_wire == (message.value["header"] is not None), "there without a header, or missing", field="wire")
    for i, document in enumerate(documents):
        kind, digest, is_wire, warrant = document["kind"], document["sha256"], document["kind"] == "wire" and header, "maker"
        with place(found, "document", f"{at}/documents/{i}"):
            if document["status"] == "enclosed":
                data = verify.unbase64(document["bytes"])
                require(sha256(data).hexdigest() == digest, "not the digest of the bytes", field="sha256")
                require(not is_wire or len(data) == header["payload"]["size"], "not the size in the header", field="size")
            require(not is_wire or digest == header["payload"]["sha256"], "not the digest in the header", field="payload")
            warrant = "envelope" if is_wire else "ledger" if digest in message.payloads else "maker"
        warrants[kind] = [document["status"], warrant]
    return warrants

STATES = {(False, None): "received refused dead", (True, None): "sealed dead", (True, "accepted"): "delivered",
          (True, "refused"): "refused_by_partner", ("partner", "accepted"): "recorded handled dead", ("partner", "refused"): "turned_away"}

def check_state(message, maker, at, found):
    value, header, receipt = message.value, message.header, message.receipt
    if (header is None) != (value["header"] is None) or (header and (receipt is None) != (value["receipt"] is None)):
        return  # what does not hold has been told
    sender = header is not None and (header["sender"] == maker or "partner")
    fits = value["state"] in STATES.get((sender, receipt), "").split() and (header is not None or value["receipt"] is None)
    with place(found, "state", f"{at}/state"):
        require(fits, "does not fit header and receipt", field="state")
    if header is None or not fits:
        return
    def is_there(kind, index=None):
        return any(entry["kind"] == kind and index in (None, entry["index"]) for entry in message.entries)
    if sender is True:
        holds = is_there(f"{header['kind']}.sent") and (receipt is None or is_there("receipt.received"))
    elif receipt == "accepted":
        holds = is_there(f"{header['kind']}.received", message.index)
    else:
        holds = any(
            entry["kind"] == "message.refused" and entry.get("payload") == header["payload"]["sha256"] and isinstance(entry.get("extra"), dict)
            and entry["extra"].get("envelope") == message.digest and message.index in (None, entry["index"]) for entry in message.entries)
    with place(found, "incomplete", f"{at}/entries"):
        require(holds, "the entry that the state requires is missing", field="entries")

def check(data, pem_text, accepts):
    """Everything that holds, and in `findings` everything that does not."""
    found, checkpoints, shown, stamps = [], [], [], {}
    report = {"sound": False, "findings": found, "checkpoints": checkpoints, "messages": shown, "timeStamps": []}
    with place(found, "malformed", ""):
        file = verify.parse_object(data)
        check_form(file)
    if found:
        return report
    owner, clearance, made, registry, corridor = file["by"], file["clearance"], parse_time(file["made"]), None, None
    with place(found, "registry", "/registry"):
        registry = Registry(file["registry"], pem_text)
    if registry:
        with place(found, "registry", "/by"):
            registry.find("participants", owner)
            with place(found, "registry", "/clearance/corridor"):
                corridor = registry.find("corridors", clearance["corridor"])
                require(owner in (corridor["from"], corridor["to"]), "no end of it", field="by")
    if found:
        return report
    report.update(maker=owner, made=file["made"], clearance=clearance["id"], registry=registry.version)
    with place(found, "signature", "/signature"):
        payload = canonical({name: value for name, value in file.items() if name != "signature"})
        check_jws(file["signature"], "causeway-evidence+jws", payload, registry.signing_key(owner, made))
    trust, seen, numbers, modes = None, set(), {}, set()
    with place(found, "policy", "/policy"):
        policy = registry.policy(corridor, owner, made)
        trust = verify.parse_policy(policy.encode())
        require(file["policy"] == policy, "not the one that follows from the registry", field="policy")
    if trust is None:
        return report
    for n, token in enumerate(file["timeStamps"]):
        with place(found, "timestamp", f"/timeStamps/{n}"):
            stamp = TimeStamp(verify.unbase64(token))
            require(stamp.imprint not in stamps, "twice", field="imprint")
            stamps[stamp.imprint], stamp.place = stamp, f"/timeStamps/{n}"
    origin = get(registry.find("participants", owner), str, "ledger", "origin")
    for n, value in enumerate(file["messages"]):
        message, at = Message(value), f"/messages/{n}"
        with place(found, "message", f"{at}/id"):
            require(value["id"] not in seen, "twice", field="id")
        seen.add(value["id"])
        if value["header"] is not None:
            with place(found, "envelope", f"{at}/header"):
                check_header(message, file, registry, corridor)
        if message.header:
            numbers.setdefault(message.header["sender"], []).append(message.header["sequence"])
            modes.add(message.header.get("mode", "production"))
            with place(found, "envelope", f"{at}/header"):
                require(len(modes) == 1, "one case has one mode", field="mode")
            with place(found, "subject", f"{at}/header"):
                opening = clearance["ucr"] is not None and sha256(
                    b"causeway/ucr/v1\n" + bytes.fromhex(clearance["salt"]) + clearance["ucr"].encode()).hexdigest()
                require(opening in (False, message.header["ucrCommitment"]), "does not open to this UCR", field="ucrCommitment")
            if value["receipt"] is not None:
                with place(found, "receipt", f"{at}/receipt"):
                    check_receipt(message, registry)
        check_entries(message, at, trust, accepts, found, checkpoints, origin, stamps)
        documents = check_documents(message, at, found)
        check_state(message, owner, at, found)
        shown.append({"id": value["id"], "state": value["state"], "documents": documents, "entries": message.proven})
    report["mode"] = modes.pop() if len(modes) == 1 else None
    for stamp in stamps.values():
        with place(found, "timestamp", stamp.place):
            require(stamp.entries, "of no entry in the file", field="imprint")
            report["timeStamps"].append(stamp.report())
    for sender, sequence in numbers.items():
        with place(found, "incomplete", "/messages"):
            holds = file["message"] is not None or sorted(sequence) == list(range(1, len(sequence) + 1))
            require(holds, f"the numbers of {sender} have a gap", field="sequence")
    return {**report, "sound": not found}

def main(arguments=None):
    parser = argparse.ArgumentParser(description="Checks an evidence file of a Causeway gateway, offline.")
    parser.add_argument("--registry-key", required=True, help="PEM file of the registry's public key, from somewhere you trust")
    parser.add_argument("--accept-unwitnessed", action="store_true", help="take the log's own signature where its witnesses have not cosigned")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("FILE")
    try:
        args = parser.parse_args(arguments)
        pem_text = verify.read(args.registry_key).decode(errors="replace")
        public_key(pem(pem_text, "PUBLIC KEY"))
        report = check(verify.read(args.FILE, FILE_LIMIT), pem_text, args.accept_unwitnessed)
    except SystemExit as stop:
        return 64 if stop.code else 0
    except OSError as error:
        return print(error, file=sys.stderr) or 66
    except NotSound as error:
        return print(error, file=sys.stderr) or (65 if error.args[0].get("file") == args.FILE else 64)
    if args.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name}: {json.dumps(value)}")
        if report["timeStamps"]:
            print("time-stamps present, imprints fit, signatures NOT checked (docs/evidence.md says how)")
    return 0 if report["sound"] else 65

if __name__ == "__main__":
    sys.exit(main())
