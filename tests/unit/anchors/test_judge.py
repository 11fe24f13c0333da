"""ledger.witness.judge: every status of the specification, and what must never be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.format.cosignature import cosign
from ledger.format.tree import EMPTY_ROOT
from ledger.witness.judge import Last, judge
from ledger.witness.refusal import RefusalError
from ledger.witness.request import parse_request
from tests.unit.anchors.toylog import NOW_S, ToyLog
from tests.unit.ledger.workshop import key

LOG = ToyLog()
KEYS = [LOG.signer.verifier]
FORK = ToyLog(branch="b")
LAST = Last(size=5, root=LOG.root(5), at_s=NOW_S)
HASH = b"h" * 32


def ask(body, *, keys=KEYS, last=LAST, now_s=NOW_S):
    """Judge a body."""
    return judge(parse_request(body), keys, last, now_s)


@pytest.mark.parametrize(
    ("body", "last"),
    [
        pytest.param(LOG.request(0, 7), None, id="never seen"),
        pytest.param(LOG.request(0, 0), None, id="never seen, empty tree"),
        pytest.param(LOG.request(5, 8), LAST, id="extends"),
        pytest.param(LOG.request(5, 5), LAST, id="the same again"),
        pytest.param(
            LOG.request(0, 3),
            Last(size=0, root=EMPTY_ROOT, at_s=NOW_S),
            id="after an empty tree",
        ),
        pytest.param(
            LOG.request(0, 0),
            Last(size=0, root=EMPTY_ROOT, at_s=NOW_S),
            id="an empty tree again",
        ),
        pytest.param(LOG.request(5, 8, extra="more\n"), LAST, id="extension line"),
    ],
)
def test_cosigned(body, last):
    """The log's own line comes back."""
    lines = ask(body, last=last)

    assert [LOG.origin] == [line.name for line in lines]


@pytest.mark.parametrize(
    ("status", "body", "last"),
    [
        pytest.param(400, LOG.request(9, 8, proof=[]), LAST, id="old above size"),
        pytest.param(409, LOG.request(4, 8), LAST, id="old too small"),
        pytest.param(409, LOG.request(6, 8), LAST, id="old too large"),
        pytest.param(409, LOG.request(0, 8), LAST, id="as if never seen"),
        pytest.param(409, LOG.request(0, 3), LAST, id="rolled back"),
        pytest.param(409, LOG.request(3, 8), None, id="as if seen"),
        pytest.param(422, FORK.request(5, 5), LAST, id="same size, other root"),
        pytest.param(422, FORK.request(5, 8), LAST, id="fork"),
        pytest.param(422, LOG.request(5, 8, proof=[]), LAST, id="no proof"),
        pytest.param(
            422, LOG.request(5, 8, proof=[HASH, *LOG.proof(5, 8)]), LAST, id="one more"
        ),
        pytest.param(422, LOG.request(5, 5, proof=[HASH]), LAST, id="proof at equal"),
        pytest.param(422, LOG.request(0, 8, proof=[HASH]), None, id="proof from 0"),
        pytest.param(422, LOG.request(0, 0, root=HASH), None, id="0 with a root"),
        pytest.param(
            422, LOG.request(5, 2**63 - 1, proof=[], root=HASH), LAST, id="huge"
        ),
    ],
)
def test_status(status, body, last):
    """Each breach has the status of the specification."""
    with pytest.raises(RefusalError) as caught:
        ask(body, last=last)

    assert status == caught.value.status


def test_a_conflict_names_the_size():
    """409 says what was cosigned last."""
    for last, size in ((LAST, 5), (None, 0)):
        with pytest.raises(RefusalError) as caught:
            ask(LOG.request(3, 8), last=last)
        assert size == caught.value.known_size


def test_unknown_log():
    """404 where the witness has no key of the origin."""
    with pytest.raises(RefusalError) as caught:
        ask(LOG.request(5, 8), keys=[])

    assert 404 == caught.value.status


STRANGER = key("example.org/stranger")
NAMESAKE = ToyLog()
NAMESAKE.signer = STRANGER.from_seed(LOG.origin, b"s" * 32)
GOOD, BAD = LOG.note(8), LOG.note(9).split(b"\n\n")[1]
GOOD_TEXT, GOOD_LINE = GOOD.split(b"\n\n")


def body_of(*lines):
    """A request whose checkpoint has these signature lines."""
    header = LOG.request(5, 8).partition(b"\n\n")[0]
    return header + b"\n\n" + GOOD_TEXT + b"\n\n" + b"".join(lines)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([STRANGER.note_line(GOOD_TEXT)], id="stranger only"),
        pytest.param(
            [NAMESAKE.signer.note_line(GOOD_TEXT + b"\n")], id="same name, other key"
        ),
        pytest.param([BAD], id="does not verify"),
        pytest.param([GOOD_LINE, BAD], id="good, then bad"),
        pytest.param([BAD, GOOD_LINE], id="bad, then good"),
        pytest.param([GOOD_LINE, GOOD_LINE], id="twice"),
    ],
)
def test_signatures_that_refuse_the_note(lines):
    """403: no known key, one that fails, or two lines of one key."""
    with pytest.raises(RefusalError) as caught:
        ask(body_of(*lines))

    assert 403 == caught.value.status


def test_lines_of_others_are_ignored():
    """Unknown lines, bad ones and witnesses' among them, change nothing."""
    others = [
        STRANGER.note_line(b"something else"),
        NAMESAKE.signer.note_line(b"something else"),
        cosign(STRANGER, GOOD_TEXT + b"\n", NOW_S),
    ]

    assert ask(body_of(GOOD_LINE)) == ask(body_of(*others, GOOD_LINE, *others))


def test_a_rotated_log_key():
    """Of two keys of a log either signs, and both lines are kept."""
    old, new = LOG.signer, NAMESAKE.signer
    keys = [old.verifier, new.verifier]
    text = GOOD_TEXT + b"\n"

    assert 1 == len(ask(body_of(new.note_line(text)), keys=keys))
    both = body_of(old.note_line(text), new.note_line(text))
    assert 2 == len(ask(both, keys=keys))


def test_a_clock_that_went_back():
    """503: a witness never dates a cosignature before its last one."""
    with pytest.raises(RefusalError) as caught:
        ask(LOG.request(5, 8), now_s=NOW_S - 1)

    assert 503 == caught.value.status


@st.composite
def requests(draw):
    """A request of a log that signs two histories and sends any proof."""
    log = ToyLog(branch=draw(st.sampled_from("ab")), common=3)
    old_size, size = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    proofs = [[], [HASH]]
    if old_size <= size:
        proofs += [log.proof(old_size, size)] * 6
    return log, parse_request(
        log.request(old_size, size, proof=draw(st.sampled_from(proofs)))
    )


@given(st.lists(requests(), max_size=30))
def test_one_history_only(asked):
    """Whatever is asked: all that was cosigned is one history, and it only grows."""
    last, cosigned = None, []
    for log, request in asked:
        try:
            judge(request, KEYS, last, NOW_S)
        except RefusalError:
            continue
        head = request.head
        cosigned.append((log, head.size))
        last = Last(size=head.size, root=head.root, at_s=NOW_S)

    sizes = [size for _, size in cosigned]
    assert sorted(sizes) == sizes
    for size in sizes:
        roots = {log.root(size) for log, reached in cosigned if reached >= size}
        assert 1 == len(roots)
