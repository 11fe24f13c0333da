"""tlog-proofs of transparency-dev/formats, written and read."""

from base64 import b64decode

import pytest

from ledger.export.tlog_proof import encode_tlog_proof
from verifier.proofs.tlog import TlogProofError, parse_tlog_proof


@pytest.mark.cases("tlog-proof.json", "marshal")
def test_write(case):
    """The writer makes exactly these bytes; it never adds extra data."""
    if "extra" in case:
        pytest.skip("the writer has no extra data")
    written = encode_tlog_proof(
        case["index"],
        [b64decode(one) for one in case["hashes"]],
        case["checkpoint"].encode(),
    )

    assert case["want"].encode() == written


@pytest.mark.cases("tlog-proof.json", "marshal")
def test_read(case):
    """The reader takes the same parts out."""
    proof = parse_tlog_proof(case["want"].encode())

    assert case["index"] == proof.index
    assert tuple(map(b64decode, case["hashes"])) == proof.hashes
    assert case["checkpoint"].encode() == proof.checkpoint
    assert (b64decode(case["extra"]) if "extra" in case else None) == proof.extra


@pytest.mark.cases("tlog-proof.json", "unmarshal_errors")
def test_refuse(case):
    """What the other reader refuses is refused here."""
    with pytest.raises(TlogProofError):
        parse_tlog_proof(case.encode())
