"""No field of a proof file is believed for being in it: change any, and it shows.

The reader here asks for every level under a policy that knows the witness and the
authority, so that a spoilt anchor is missed too.
"""

import copy
import json

import pytest

from ledger.export.consistency import encode_pair
from ledger.export.disclosure import Asked, encode_disclosure
from tests.unit.proofs.material import SCANS, SITES, canonical, check
from verifier.proofs.same_history import FORMAT as PAIR_FORMAT


@pytest.fixture(scope="module")
def disclosure(material):
    """A disclosure of one site and one page under the anchored checkpoint."""
    asked = Asked(sites=SITES[:1], scans=SCANS[:1])
    with material.office.open() as workspace:
        return encode_disclosure(workspace.ledger, workspace.vault, asked).content


@pytest.fixture(scope="module")
def pair(material):
    """A pair of sizes that have a proof of several hashes."""
    with material.office.open() as workspace:
        return encode_pair(workspace.ledger, 1, workspace.ledger.size)


@pytest.fixture(params=["receipt", "disclosure", "pair"])
def proof(request):
    """One of the three, as a JSON value."""
    return json.loads(request.getfixturevalue(request.param))


def places(value, path=()):
    """The path of every value inside a JSON value, containers included."""
    yield path
    items = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, item in items:
        yield from places(item, (*path, name))


def changed(value):
    """Other values in place of this one."""
    match value:
        case str():
            for place in {0, len(value) // 2, max(len(value) - 2, 0)} & {
                *range(len(value))
            }:
                other = "A" if value[place] != "A" else "B"
                yield value[:place] + other + value[place + 1 :]
            yield value + "A"
            yield ""
        case int():
            yield value + 1
            yield value + 2**32
        case list():
            yield [*value, *value[:1]] if value else ["AA=="]
            yield value[1:]
            yield value[::-1]
            yield {}
        case dict():
            yield {**value, "zz": 1}
            yield {name: value[name] for name in list(value)[1:]}


def variants(proof):
    """Every proof that differs from this one in one value."""
    for path in places(proof):
        at = proof
        for name in path:
            at = at[name]
        for other in changed(at):
            if other == at:
                continue
            variant = copy.deepcopy(proof)
            holder = variant
            for name in path[:-1]:
                holder = holder[name]
            if path:
                holder[path[-1]] = other
            else:
                variant = other
            yield path, variant


def test_every_field(material, proof, tmp_path):
    """Changing any one value of a file that holds makes it fail."""
    policy = material.policy
    good = check(tmp_path, canonical(proof), policy=policy, level=1)
    assert 0 == good.exit_code, good.as_text()
    level = 1 if proof["format"] == PAIR_FORMAT else 3
    count = 0
    for path, variant in variants(proof):
        count += 1
        report = check(tmp_path, canonical(variant), policy=policy, level=level)

        assert report.exit_code in (1, 5, 6, 7), (path, report.as_text())
    assert count > 100


def test_every_character_of_the_tlog_proof(material, receipt, tmp_path):
    """Index, hashes, size, root and every signature line of the text count."""
    value, policy = json.loads(receipt), material.policy
    text = value["tlog_proof"]
    for place, character in enumerate(text):
        other = "1" if character != "1" else "2"
        value["tlog_proof"] = text[:place] + other + text[place + 1 :]
        report = check(tmp_path, canonical(value), policy=policy)

        assert report.exit_code in (1, 7), (place, report.as_text())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v1\nindex", "v1\nextra AAAA\nindex"),
        ("v1\nindex ", "v1\nindex 0"),
        ("v1\nindex", "v1\n\nindex"),
        (
            "\n\nexample.org",
            "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nexample.org",
        ),
        ("\n\nexample.org", "\n\nexample.org/evil\nexample.org"),
    ],
    ids=["extra", "leading zero", "empty line", "one hash more", "extension line"],
)
def test_lines_of_the_tlog_proof(material, receipt, tmp_path, old, new):
    """A line too many in the tlog-proof is refused, extra data above all."""
    value = json.loads(receipt)
    assert old in value["tlog_proof"]
    value["tlog_proof"] = value["tlog_proof"].replace(old, new, 1)
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert 1 == report.exit_code
    assert report.findings[0].code in ("LV922", "LV905", "LV601")


def test_another_event_of_the_same_entry(material, receipt, tmp_path):
    """A true line of the entry does not pass as the event at another index."""
    value = json.loads(receipt)
    other = json.loads(material.receipt(f"{material.scan_seq}.2"))
    value["event"]["line"] = other["event"]["line"]
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, "LV905") == (report.exit_code, report.findings[0].code)


def test_key_receipts_show_key_events_only(material, receipt, tmp_path):
    """Another entry's event does not travel in the list of keys."""
    value = json.loads(receipt)
    other = json.loads(material.receipt(f"{material.scan_seq}.2"))
    tlog_path = other["tlog_proof"].partition("\n\n")[0].split("\n")[2:]
    value["keys"].append(
        {
            "entry": other["entry"],
            "events": [other["event"]],
            "index": material.scan_seq,
            "path": tlog_path,
        }
    )
    report = check(tmp_path, canonical(value), root_keys=material.root)

    assert (1, "LV924") == (report.exit_code, report.findings[0].code)
