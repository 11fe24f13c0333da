"""ledger.witness.request: bodies of add-checkpoint, read strictly."""

import base64

import pytest

from ledger.witness.refusal import RefusalError
from ledger.witness.request import (
    REQUEST_BYTES_MAX,
    Request,
    parse_request,
    write_request,
)
from tests.unit.anchors.toylog import ToyLog

LOG = ToyLog()
NOTE = LOG.note(7)
HASH = base64.b64encode(b"h" * 32)
ROOT = HASH.decode()
SOFA = (
    (
        "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
        "zyWE+xeMcTOAYQ8="
    ),
    (
        "opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5"
        "Rovnzv++qbSzm9Q="
    ),
)


def test_round_trip():
    """What is written is read."""
    request = parse_request(LOG.request(3, 7))

    assert (3, tuple(LOG.proof(3, 7))) == (request.old_size, request.proof)
    assert (LOG.origin, 7, LOG.root(7)) == (
        request.head.origin,
        request.head.size,
        request.head.root,
    )


def test_the_example_of_the_specification():
    """The body in C2SP tlog-witness is read."""
    body = f"""old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa {SOFA[0]}
\u2014 example.com/behind-the-sofa {SOFA[1]}
"""
    request = parse_request(body.encode())

    assert (20852014, 4, 20852163) == (
        request.old_size,
        len(request.proof),
        request.head.size,
    )
    assert 2 == len(request.note.signatures)


@pytest.mark.parametrize(
    ("size", "extra"),
    [
        pytest.param(2**63 - 1, "", id="largest size"),
        pytest.param(0, "", id="empty tree"),
        pytest.param(7, "extension\nanother one\n", id="extension lines"),
    ],
)
def test_heads_that_other_logs_have(size, extra):
    """A witness reads what our own ledgers never write."""
    text = f"origin with spaces\n{size}\n{HASH.decode()}\n{extra}".encode()
    note = LOG.signer.sign_note(text)

    assert size == parse_request(write_request(0, [], note)).head.size


@pytest.mark.parametrize("count", [0, 1, 63])
def test_proof_lengths(count):
    """Up to 63 hashes are read."""
    body = b"old 3\n" + (HASH + b"\n") * count + b"\n" + NOTE

    assert count == len(parse_request(body).proof)


def body(first=b"old 3", hashes=(), note=NOTE):
    """A body from its parts."""
    return b"\n".join([first, *hashes, b"", note])


def head(origin="o", size="7", root=ROOT, tail=""):
    """A signed note over any three lines."""
    return LOG.signer.sign_note(f"{origin}\n{size}\n{root}\n{tail}".encode())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n\n", id="newlines only"),
        pytest.param(NOTE, id="a checkpoint alone"),
        pytest.param(body(b"old"), id="no size"),
        pytest.param(body(b"old "), id="empty size"),
        pytest.param(body(b"old 03"), id="leading zero"),
        pytest.param(body(b"old 00"), id="two zeros"),
        pytest.param(body(b"old +3"), id="plus sign"),
        pytest.param(body(b"old -3"), id="minus sign"),
        pytest.param(body(b"old 3 "), id="space after"),
        pytest.param(body(b"old  3"), id="two spaces"),
        pytest.param(body(b"Old 3"), id="capital"),
        pytest.param(body(b"old 3\r"), id="carriage return"),
        pytest.param(body("old \u0663".encode()), id="Arabic digit"),
        pytest.param(body(b"old 1_0"), id="underscore"),
        pytest.param(body(b"old 0x3"), id="hexadecimal"),
        pytest.param(body(b"old 9223372036854775808"), id="2^63"),
        pytest.param(body(b"old " + b"9" * 5000), id="a number of 5000 digits"),
        pytest.param(body(hashes=[HASH] * 64), id="64 hashes"),
        pytest.param(body(hashes=[HASH[:-1]]), id="no padding"),
        pytest.param(body(hashes=[HASH[:-2] + b"h="]), id="other spelling"),
        pytest.param(body(hashes=[b"*" * 44]), id="not base64"),
        pytest.param(body(hashes=[base64.b64encode(b"h" * 31)]), id="31 bytes"),
        pytest.param(body(hashes=[base64.b64encode(b"h" * 33)]), id="33 bytes"),
        pytest.param(body(hashes=[HASH + b" "]), id="space after a hash"),
        pytest.param(body(hashes=[b"\xff" * 44]), id="not ASCII"),
        pytest.param(body(note=b""), id="no checkpoint"),
        pytest.param(body(note=LOG.text(7)), id="not signed"),
        pytest.param(body(note=NOTE[:-1]), id="no last newline"),
        pytest.param(body(note=NOTE + b"x\n"), id="more after the checkpoint"),
        pytest.param(body(note=NOTE.replace(b"\n", b"\r\n")), id="Windows lines"),
        pytest.param(body(note=b"\xff" + NOTE), id="not UTF-8"),
        pytest.param(body(note=b"\x00" + NOTE), id="control character"),
        pytest.param(body(note=head(size="07")), id="checkpoint: leading zero"),
        pytest.param(body(note=head(size="")), id="checkpoint: no size"),
        pytest.param(body(note=head(size=str(2**63))), id="checkpoint: 2^63"),
        pytest.param(body(note=head(root="AAAA")), id="checkpoint: short root"),
        pytest.param(body(note=head(origin="")), id="checkpoint: no origin"),
        pytest.param(body(note=head(tail="x\n\ny\n")), id="checkpoint: empty line"),
        pytest.param(body() + b"x" * REQUEST_BYTES_MAX, id="too long"),
        pytest.param(
            body(note=LOG.text(7) + b"\n" + LOG.signer.note_line(LOG.text(7)) * 65),
            id="65 signatures",
        ),
    ],
)
def test_refused(content):
    """Anything else is a bad request (400)."""
    with pytest.raises(RefusalError) as caught:
        parse_request(content)

    assert 400 == caught.value.status


def test_a_request_is_a_value():
    """Two readings of one body are equal."""
    assert isinstance(parse_request(body()), Request)
    assert parse_request(body()) == parse_request(body())
