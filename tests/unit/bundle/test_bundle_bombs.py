"""Small bundles that ask for much memory, and limits that both halves share."""

import pytest

from ledger.export import receipts
from tests.unit.bundle.attacks import found
from verifier.bundle import files as bundle_files
from verifier.bundle import json_files as bundle_json
from verifier.bundle.findings import BundleCode


@pytest.mark.parametrize("item", [b"[]", b"{}", b"0"], ids=["lists", "objects", "ints"])
def test_many_values(monkeypatch, item):
    """A file of more values than an honest one has is not parsed."""
    monkeypatch.setattr(bundle_json, "parse_json", _parsed)
    reader = bundle_json.Reader(
        BundleCode.RECEIPTS_MALFORMED, "BUN-5", where="receipts.json"
    )
    content = b"[" + (item + b",") * bundle_json.VALUES_MAX + item + b"]"

    with pytest.raises(bundle_json.BundleViolation, match="at most 4194304 values"):
        reader.parse(content)


def _parsed(content):
    pytest.fail("parsed before it was measured")


def test_receipts_past_their_limit(bundle, root_keys):
    """One byte more than docs/bundle.md allows is a finding, and no more is read."""
    with (bundle / "receipts.json").open("ab") as file:
        file.truncate(bundle_files.LIMITS["receipts.json"] + 1)

    assert ("LV901", "BUN-2", 1) == found(bundle, root_keys)


def test_writer_and_verifier_have_one_limit():
    """Whatever the writer writes, the verifier reads."""
    assert receipts.RECEIPTS_BYTES_MAX == bundle_files.LIMITS["receipts.json"]
