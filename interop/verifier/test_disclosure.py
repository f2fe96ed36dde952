"""Tests of the disclosure command, with disclosures made here from the format page."""
import base64
import collections
import copy
import hashlib
import hmac
import json
import os
import unittest

import causeway_verify as verify
from builders import LOG, POLICY, WITNESS, Signer, TestCase, base64_of, chain, checkpoint, entry, flips, inclusion, leaf, tree

FIELDS = [("Declaration.LRN", [], "24CN0001", None), ("Declaration.UCR", [], "", None), ("Seal.ID", [1, 2], None, None)] + [
    field for i in range(1, 6) for field in (("Commodity.HS6", [i], f"85171{i}", {"list": "hs"}), ("Commodity.Mass.Net", [i], "12.50", {"unit": "KGM"}))]
ELEMENTS = {"Commodity": "HS6*5! Mass.Net*5", "Declarant": "ID*0!", "Declaration": "LRN! UCR", "Seal": "ID"}


def canonical(value):
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def salted(fields, secret):
    """Each field with its index, its salt and its terms."""
    for i, (element, place, value, terms) in enumerate(fields):
        salt = hmac.digest(secret, b"causeway/field-salt/v1\n%d" % i, "sha256")[:16]
        yield [i, element, place, base64url(salt), value] + ([terms] if terms else [])


def hidden_roots(leaves, shown, start=0):
    """The root of every subtree in which nothing is shown, from left to right."""
    if not any(start <= i < start + len(leaves) for i in shown):
        return [tree(leaves)]
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hidden_roots(leaves[:k], shown, start) + hidden_roots(leaves[k:], shown, start + k)


def disclosure(shown=(0, 3, 4), fields=FIELDS, elements=ELEMENTS, members=None, edit=lambda document: None, position=3, secret=b"s" * 32, change=lambda field: field, **contents):
    """The bytes of a disclosure of some fields. `edit` changes the document after all is hashed; `members` are the entry's; `change` makes the fields others before."""
    fields = [change(field) for field in salted(fields, secret)]
    leaves = [leaf(b"causeway/field/v1\n" + canonical(field)) for field in fields]
    contents = {"elements": elements, "leaves": len(fields), "profile": "uncefact.xml/d23b", "v": 1, **contents}
    root = hashlib.sha256(b"\x01" + leaf(b"causeway/fields/v1\n" + canonical(contents)) + tree(leaves)).hexdigest()
    entries = chain(position)
    entries.append(entry(position, leaf(entries[-1]).hex() if entries else "0" * 64, {
        "fields": root, "kind": "declaration.received", "versions": {"profile": "uncefact.xml/d23b"}, **(members or {})}))
    entries.append(b"{}")
    hashed = [leaf(one) for one in entries]
    proof = f"c2sp.org/tlog-proof@v1\nindex {position}\n" + "".join(base64_of(node) + "\n" for node in inclusion(position, hashed)) + "\n"
    document = {"contents": contents, "entry": json.loads(entries[position]), "fields": [fields[i] for i in shown],
                "hashes": base64url(b"".join(hidden_roots(leaves, shown))), "proof": proof + checkpoint(LOG, hashed, WITNESS).decode(), "v": 1}
    document = copy.deepcopy(document)
    edit(document)
    return canonical(document)


class DisclosureTests(TestCase):
    def arguments(self, data, *options):
        return "disclosure", self.file("disclosure", data), *(options or ("--key", LOG.vkey))

    def test_sound(self):
        report = self.assertSound(*self.arguments(disclosure()))
        self.assertEqual(report["shown"], [["Declaration.LRN", [], "24CN0001"], ["Commodity.HS6", [1], "851711", {"list": "hs"}],
                                           ["Commodity.Mass.Net", [1], "12.50", {"unit": "KGM"}]])
        self.assertEqual(report["withheld"], {"Commodity.HS6": {"fields": 4, "mandatory": True}, "Commodity.Mass.Net": {"fields": 4, "mandatory": False},
                                              "Declaration.UCR": {"fields": 1, "mandatory": False}, "Seal.ID": {"fields": 1, "mandatory": False}})
        self.assertEqual((report["missing"], report["index"], report["entry"]["kind"]), (["Declarant.ID"], 3, "declaration.received"))
        self.assertSound(*self.arguments(disclosure(), "--policy", self.file("policy", POLICY)))

    def test_any_choice_of_fields_in_trees_of_any_size(self):
        for count in range(1, 14):
            counts = collections.Counter(field[0] for field in FIELDS[:count])
            elements = {}
            for element in sorted(counts):
                group, name = element.split(".", 1)
                token = name + (f"*{counts[element]}" if counts[element] > 1 else "")
                elements[group] = f"{elements[group]} {token}" if group in elements else token
            for shown in ([0], [count - 1], sorted({0, count // 2, count - 1}), list(range(count)), list(range(0, count, 2))):
                report = self.assertSound(*self.arguments(disclosure(shown, FIELDS[:count], elements)))
                self.assertEqual(len(report["shown"]), len(shown))
                self.assertEqual(sum(one["fields"] for one in report["withheld"].values()), count - len(shown))

    def test_required_elements(self):
        for required, holds in (("Declaration.LRN", True), ("Declaration.LRN,Declaration.UCR", False), ("Commodity.HS6", False), ("Declarant.ID", False),
                                ("No.Such", False), ("", True)):
            arguments = self.arguments(disclosure(), "--key", LOG.vkey, "--require", required)
            self.assertSound(*arguments) if holds else self.assertNotSound(*arguments, field="fields")

    def test_every_byte_flipped_and_every_truncation(self):
        good = disclosure((3,), position=1)
        policy = self.file("policy", POLICY.replace(" any ", " all ").replace(" my\nquorum", "\nquorum"))  # so that the cosignature counts
        self.assertSound(*self.arguments(good, "--policy", policy))
        for i, bad in [*flips(good), *((i, good[:i]) for i in range(len(good)))]:
            self.assertNotSound(*self.arguments(bad, "--policy", policy), file=os.path.join(self.folder, "disclosure"))

    def test_changed(self):
        def change(path, value):
            def edit(document):
                *way, last = path
                for step in way:
                    document = document[step]
                document[last] = value(copy.deepcopy(document[last])) if callable(value) else value
            return edit
        other = base64_of(bytes(32))
        for path, value in (
                (["fields", 0, 4], "24CN0002"), (["fields", 0, 4], 5), (["fields", 0, 1], "Declaration.UCR"), (["fields", 0, 2], [1]), (["fields", 0, 2], [True]),
                (["fields", 0, 2], [0]), (["fields", 1, 2], []), (["fields", 0, 0], 1), (["fields", 0, 0], False), (["fields", 2, 0], 13), (["fields", 0, 3], "A" * 22),
                (["fields", 0, 3], "A" * 21 + "B"), (["fields", 1, 5], {"list": "other"}), (["fields", 1, 5], {"unit": "hs"}), (["fields", 1, 5], {}),
                (["fields", 1, 5], {"list": 1}), (["fields", 1], lambda field: field[:5]), (["fields", 1], lambda field: field + [None]), (["fields", 1], None),
                (["fields"], lambda fields: fields[::-1]), (["fields"], lambda fields: fields[1:]), (["fields"], lambda fields: fields + fields[-1:]), (["fields"], []),
                (["fields"], {}), (["hashes"], lambda text: text[43:]), (["hashes"], lambda text: text + "A" * 43), (["hashes"], lambda text: text + "="),
                (["hashes"], lambda text: "A" + text[1:]), (["hashes"], None), (["hashes"], ""), (["hashes"], lambda text: text + "AAAA"),
                (["hashes"], lambda text: base64url(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) + bytes(32))),
                (["contents", "leaves"], 12), (["contents", "leaves"], 14), (["contents", "leaves"], True), (["contents", "v"], 2), (["contents", "v"], True),
                (["contents", "profile"], "uncefact.xml/d24a"), (["contents", "elements", "Declarant"], "ID*0"), (["contents", "elements", "Declarant"], "ID"),
                (["contents", "elements", "Seal"], "ID!"), (["contents", "elements", "Seal"], "ID*1"), (["contents", "elements", "Seal"], "ID*01"),
                (["contents", "elements", "Seal"], " ID"), (["contents", "elements", "Seal"], ""), (["contents", "elements", "Seal"], None),
                (["contents", "elements", "Commodity"], "Mass.Net*5 HS6*5!"), (["contents", "elements", "Commodity"], "HS6*5! HS6*5!"), (["contents", "elements"], None),
                (["contents", "elements"], lambda elements: {key: value for key, value in elements.items() if key != "Declarant"}),
                (["contents", "more"], 1), (["more"], 1), (["v"], 2), (["v"], True), (["proof"], None), (["entry"], None), (["entry", "index"], 4),
                (["entry", "actor"], "other"), (["entry", "fields"], "0" * 64), (["entry", "versions"], None), (["entry", "time"], "2026-03-01T08:00:04.000Z"),
                (["proof"], lambda text: text.replace("\nindex", "\nextra AAEC\nindex")), (["proof"], lambda text: text.replace("index 3", "index 2")),
                (["proof"], lambda text: text.replace("\n\n", f"\n{other}\n\n", 1)), (["proof"], lambda text: text.split("\n\n")[0] + "\n\n")):
            edited = disclosure(edit=change(path, value) if path != ["contents", "more"] else lambda document: document["contents"].update(more=1)) \
                if path != ["more"] else disclosure(edit=lambda document: document.update(more=1))
            self.assertNotSound(*self.arguments(edited), file=os.path.join(self.folder, "disclosure"))
        good = disclosure()
        for bad in (b"", b"{}", b"[]", b" " + good, good + b"\n", good.replace(b'"v":1}', b'"v":1.0}'), good.replace(b"24CN", b"\\u0032" + b"4CN"), good + good,
                    good.replace(b'"v":1}', b'"v":1,"v":1}'), b"[" * 100_000):
            self.assertNotSound(*self.arguments(bad))

    def test_wrong_from_the_start(self):
        """All of this is hashed and signed as it stands: only the rules of the format can tell."""
        twice = [("Declaration.LRN", [], "1", None), ("Declaration.LRN", [], "2", None)]
        for options in ({"members": {"kind": "status.sent"}}, {"members": {"kind": "declaration.refused"}}, {"members": {"kind": None}}, {"members": {"v": 2}},
                        {"members": {"index": 2}}, {"members": {"versions": {"profile": "other"}}}, {"members": {"versions": {}}}, {"profile": "other"},
                        {"leaves": 12}, {"elements": {**ELEMENTS, "Seal": "ID*2"}}, {"elements": {**ELEMENTS, "Seal": "ID Mark*0"}}, {"v": 2},
                        {"elements": {**ELEMENTS, "Commodity": "HS6*6! Mass.Net*4"}, "shown": range(13)},
                        {"elements": {"Other": "X*13"}}, {"elements": {**ELEMENTS, "Commodity": "Mass.Net*5 HS6*5!"}}, {"shown": (0, 1), "fields": twice, "elements": {"Declaration": "LRN*2"}},
                        {"shown": (0,), "fields": [("Declaration.LRN", [1] * 9, "1", None)], "elements": {"Declaration": "LRN"}},
                        {"shown": (0,), "fields": [("D" * 99 + ".L", [], "1", None)], "elements": {"D" * 99: "L"}},
                        {"shown": (0,), "fields": [("D.L\u00e9", [], "1", None)], "elements": {"D": "L\u00e9"}}):
            self.assertNotSound(*self.arguments(disclosure(**options)))
        one = {"shown": (0,), "fields": twice[:1], "elements": {"Declaration": "LRN"}}
        self.assertSound(*self.arguments(disclosure(**one, change=lambda field: field[:3] + ["A" * 22, None])))
        for bad in ([1], [0, "Declaration.LRN", [True]], [0, "Declaration.LRN", ["1"]], [0, "Declaration.LRN", [0]], [0, "Declaration.LRN", "1"],
                    [0, "Declaration.LRN", [], "A" * 21 + "B"], [0, "Declaration.LRN", [], "A" * 21], [0, "Declaration.LRN", [], None],
                    [0, "Declaration.LRN", [], "A" * 22, 5], [0, "Declaration.LRN", [], "A" * 22, "", {"list": "a", "unit": "b"}],
                    [0, "Declaration.LRN", [], "A" * 22, "", {"other": "a"}], [0, "Declaration.LRN", [], "A" * 22, "", {"list": 1}]):
            self.assertNotSound(*self.arguments(disclosure(**one, change=lambda field: bad + field[len(bad):])), field="fields", index=0)
        for options in ({"members": {"kind": "amendment.sent"}}, {"elements": {**ELEMENTS, "Seal": "ID Mark*0!"}}, {"shown": range(13)},
                        {"shown": (0,), "fields": twice, "elements": {"Declaration": "LRN*2"}},
                        {"shown": (0,), "fields": [("D" * 98 + ".L", [1] * 8, "\u20ac", None)], "elements": {"D" * 98: "L"}}):
            self.assertSound(*self.arguments(disclosure(**options)))

    def test_known_answer_of_the_format_page(self):
        answer = [("Declaration.LRN", [], "LRN-1", None), ("Commodity.HS6", [1], "620520", {"list": "hs6"}),
                  ("Commodity.Description.Local", [1], "\u7537\u5f0f\u886c\u886b \"A\"\n", None), ("Commodity.HS6", [2], None, {"list": "hs6"}),
                  ("GoodsItem.NetMassMeasure", [2], "", {"unit": "KGM"})]
        elements = {"Commodity": "Description.Local HS6*2!", "Declarant": "ID*0!", "Declaration": "LRN!", "GoodsItem": "NetMassMeasure"}
        data = disclosure((1, 4), answer, elements, secret=bytes(range(32)))
        document = json.loads(data)
        self.assertEqual(document["entry"]["fields"], "bf357632736b138dbc8b80840373c1fedbe9c837b42b72440e87630596e7d520")
        self.assertEqual(document["hashes"], "tUldxWmmFQIngPjrLJxlCFmxderm_TYHOL02gyjUkTHGLzEdUiRZOjIXCey1yaPBQSvSevsYco9qb40LA6euWA")
        self.assertEqual(document["fields"][0], [1, "Commodity.HS6", [1], "vFyJ4wZBbyfU53Jydfeq0Q", "620520", {"list": "hs6"}])
        self.assertSound(*self.arguments(data))
        self.assertSound(*self.arguments(disclosure(range(5), answer, elements, secret=bytes(range(32)))))

    def test_sample_of_the_swift_program(self):
        """Three elements of a declaration with 50 goods items, made by `causeway disclose`."""
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "samples")
        sample, policy = os.path.join(folder, "declaration.disclosure"), os.path.join(folder, "declaration.policy")
        report = self.assertSound("disclosure", sample, "--policy", policy)
        self.assertEqual(report["shown"], [["Commodity.HS6", [7], "731816"], ["Origin.CountryCode", [7], "CN", {"list": "iso3166-a2"}],
                                           ["InvoiceLine.ItemChargeAmount", [7], "132.48"]])
        self.assertEqual((report["withheld"]["Commodity.HS6"], report["missing"]), ({"fields": 49, "mandatory": True}, ["Declarant.ID"]))
        self.assertLess(os.path.getsize(sample), 4096)
        with open(sample, "rb") as file:
            good = file.read()
        for i, bad in list(flips(good))[::41]:
            self.assertNotSound("disclosure", self.file("sample", bad), "--policy", policy)

    def test_of_another_log_or_without_the_quorum(self):
        self.assertNotSound(*self.arguments(disclosure(), "--key", Signer("other").vkey), part="checkpoint", field="signature")
        both = self.file("policy", POLICY.replace(" any ", " all "))
        self.assertNotSound(*self.arguments(disclosure(), "--policy", both), part="checkpoint", field="cosignature")


if __name__ == "__main__":
    unittest.main()
