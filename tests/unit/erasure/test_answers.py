"""What the controller answers to a request, and what it does to the records."""

import pytest

from ledger.errors import ConflictError, ErasedError, InputError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    KeysDestroyed,
    ShardRolledBack,
)
from ledger.events.erasure_request import (
    ErasureExtended,
    ErasureRefused,
    RestrictionLifted,
)
from ledger.projections.erasures import is_overdue, outstanding
from ledger.vault.papers import Papers
from producers.erasing.due import due_after
from tests.unit.erasure.asked import LETTER, answer, erasure_of, receive
from tests.unit.erasure.weights import neighbour, owed, served
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import PEOPLE, leaks, letter, record, secrets_of

DAY_MS = 86_400_000


def extend(office, erasure_id, months=2):
    """Extend by so many months."""
    due_at_ms = due_after(NOW_MS, 1 + months)
    answer(
        office,
        "extend",
        erasure_id,
        reason="complexity",
        due_at_ms=due_at_ms,
        notice=LETTER,
    )
    return due_at_ms


def test_an_open_request_destroys_nothing(trained):
    """The person is fenced and the clock runs; records and keys stay."""
    before = set(trained.record_ids("jane"))
    receive(trained, "jane")

    assert before == set(trained.record_ids("jane"))
    assert [] == trained.events(ErasurePlanned)
    again = record("again", letter("jane", 9), "jane")
    assert {"subject_fenced": 1} == trained.ingest([again]).reasons
    trained.check()


def test_a_day_of_receipt_starts_the_clock(trained):
    """A request that was typed in late is due no later for it."""
    erasure_id = receive(trained, "jane", received_at_ms=NOW_MS - 9 * DAY_MS)

    assert due_after(NOW_MS - 9 * DAY_MS) == erasure_of(trained, erasure_id).due_at_ms


def test_an_open_request_is_erased_when_it_is_decided(trained):
    """The same erasure goes on, with its first due date."""
    erasure_id = receive(trained, "jane")
    trained.clock.now_ms += DAY_MS
    erased = trained.erase("jane")

    assert (erasure_id, NOW_MS) == (erased.erasure_id, erased.erasure.received_at_ms)
    assert erased.certificate.exists()
    trained.check()


def test_finishing_leaves_open_requests_alone(trained):
    """Only what was decided is erased."""
    receive(trained, "jane")
    [left] = trained.finish()

    assert left.certificate is None
    assert [] == trained.events(KeysDestroyed)


def test_no_training_while_a_request_is_open(trained):
    """Its records may be used for nothing new until somebody decides."""
    erasure_id = receive(trained, "jane")
    hit = trained.shard_of("jane")

    with pytest.raises(ErasedError, match=f"shards {hit} hold .* {erasure_id}"):
        trained.train()


def test_an_open_request_holds_up_another_retrain_of_its_shard(trained):
    """The other's keys go at once; the shard waits until somebody decides on Jane."""
    other = neighbour(trained)
    erasure_id = receive(trained, "jane")
    erased = trained.erase(other)

    assert erased.certificate is None
    assert any(erasure_id in said for said in trained.said)
    assert [] == leaks(trained.folder, secrets_of(other))
    trained.erase("jane")
    trained.finish()
    assert 2 == len(trained.events(ErasureCertified))
    trained.check()


# Extension


def test_an_extension_moves_the_limit(trained):
    """Three months after the receipt; the erasure is not overdue until then."""
    erasure_id = receive(trained, "jane")
    due_at_ms = extend(trained, erasure_id)
    erasure = erasure_of(trained, erasure_id)

    assert (due_at_ms, "complexity") == (erasure.due_at_ms, erasure.extended)
    assert not is_overdue(erasure, due_after(NOW_MS) + 1)
    assert is_overdue(erasure, due_at_ms + 1)
    trained.check()


def test_no_second_extension(trained):
    """Article 12(3) knows one."""
    erasure_id = receive(trained, "jane")
    extend(trained, erasure_id, months=1)

    with pytest.raises(ConflictError, match="was extended before"):
        extend(trained, erasure_id)


def test_no_extension_after_the_first_month(trained):
    """The person must have been told within it."""
    erasure_id = receive(trained, "jane")
    trained.clock.now_ms = due_after(NOW_MS) + 1

    with pytest.raises(ConflictError, match="within the first month"):
        extend(trained, erasure_id)


def test_the_letter_is_in_the_vault_and_its_commitment_in_the_ledger(trained):
    """The ledger says nothing of what it says."""
    erasure_id = receive(trained, "jane")
    extend(trained, erasure_id)
    [extended] = trained.events(ErasureExtended)
    with trained.open() as workspace:
        papers = Papers(workspace.vault)

        assert LETTER == papers.content(extended.notice_commitment)
        assert papers.opens(extended.notice_commitment, LETTER)
        assert not papers.opens(extended.notice_commitment, LETTER + b"!")
    found = leaks(trained.folder, [LETTER])
    assert {"acme.vault"} == {name for name, _ in found}


def test_a_letter_is_forgotten_with_the_person_and_still_opens(trained):
    """Its text names them; whoever kept a copy can still show that it is the one."""
    erasure_id = receive(trained, "jane")
    extend(trained, erasure_id)
    [extended] = trained.events(ErasureExtended)
    trained.erase("jane")

    assert [] == leaks(trained.folder, [LETTER])
    with trained.open() as workspace:
        papers = Papers(workspace.vault)
        assert papers.content(extended.notice_commitment) is None
        assert papers.opens(extended.notice_commitment, LETTER)


@pytest.mark.parametrize("content", [b"", b"x" * (1024 * 1024 + 1)], ids=["0", "1Mi+1"])
def test_a_letter_has_a_size(trained, content):
    """Nothing is recorded where it cannot be kept."""
    erasure_id = receive(trained, "jane")

    with pytest.raises(InputError, match="letter: expected 1 to"):
        answer(trained, "refuse", erasure_id, "expression", notice=content)
    assert [] == trained.events(ErasureRefused)


# Restriction


def test_a_restriction_takes_the_weights_out_of_service(trained):
    """The shard serves its last clean slice; keys and records stay."""
    hit, before = trained.shard_of("frank"), trained.record_ids("frank")
    erasure_id = receive(trained, "frank")
    answer(trained, "restrict", erasure_id, "legal_claims")
    [rolled_back] = trained.events(ShardRolledBack)

    assert (hit, rolled_back.weights_sha256) == (
        rolled_back.shard,
        served(trained)[hit],
    )
    assert before == trained.record_ids("frank")
    assert "legal_claims" == erasure_of(trained, erasure_id).restricted
    trained.check()


def test_nothing_is_erased_while_restricted(trained):
    """Neither on request nor when open erasures are finished."""
    erasure_id = receive(trained, "jane")
    answer(trained, "restrict", erasure_id, "legal_claims")

    with pytest.raises(ConflictError, match=f"erasure {erasure_id} is restricted"):
        trained.erase("jane")
    trained.finish()
    assert [] == trained.events(KeysDestroyed)
    assert ["lift the restriction (legal_claims)"] == owed(trained)


def test_erased_after_the_restriction(trained):
    """Lifted, with a letter, it goes on to the certificate."""
    erasure_id = receive(trained, "jane")
    answer(trained, "restrict", erasure_id, "erasure_opposed")
    answer(trained, "lift", erasure_id, notice=LETTER)
    erased = trained.erase("jane")

    assert 1 == len(trained.events(RestrictionLifted))
    assert erased.certificate.exists()
    assert [] == owed(trained)
    trained.check()


@pytest.mark.parametrize(
    ("name", "args", "text"),
    [
        ("lift", {"notice": LETTER}, "is not restricted"),
        ("restrict", {"cause": "legal_claims"}, "is planned"),
        ("refuse", {"ground": "expression", "notice": LETTER}, "is planned"),
    ],
    ids=["lift", "restrict", "refuse"],
)
def test_too_late(trained, name, args, text):
    """Once the records are erased there is nothing to restrict or refuse."""
    erased = trained.erase("jane", retrain=False)

    with pytest.raises(ConflictError, match=text):
        answer(trained, name, erased.erasure_id, **args)
    trained.check()


# Refusal


def test_a_refusal_lifts_the_fence(trained):
    """The records stay, the person may come back, and training goes on."""
    before = set(trained.record_ids("jane"))
    erasure_id = receive(trained, "jane")
    answer(trained, "refuse", erasure_id, "legal_obligation", notice=LETTER)
    trained.ingest([record("again", letter("jane", 9), "jane")])
    trained.train()

    assert before < set(trained.record_ids("jane"))
    assert "legal_obligation" == erasure_of(trained, erasure_id).refused
    assert [] == owed(trained)
    trained.check()


def test_a_new_request_after_a_refusal(trained):
    """It is another erasure; the refused one stays as it was."""
    refused = receive(trained, "jane")
    answer(trained, "refuse", refused, "expression", notice=LETTER)
    erased = trained.erase("jane")

    assert refused != erased.erasure_id
    assert erased.certificate.exists()
    assert not erasure_of(trained, refused).certified
    trained.check()


def test_refused_and_restricted(trained):
    """Kept for a claim and used for nothing, until the restriction ends."""
    erasure_id = receive(trained, "jane")
    answer(trained, "restrict", erasure_id, "legal_claims")
    answer(trained, "refuse", erasure_id, "legal_claims", notice=LETTER)
    again = record("again", letter("jane", 9), "jane")
    assert {"subject_fenced": 1} == trained.ingest([again]).reasons
    with pytest.raises(ErasedError):
        trained.train()

    answer(trained, "lift", erasure_id, notice=LETTER)
    assert {"accepted": 1} == trained.ingest([again]).decisions
    trained.train()
    trained.check()


def test_a_kill_between_refusal_and_fence(trained):
    """The next command that looks lifts the fence."""
    erasure_id = receive(trained, "jane")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.vault.fences.Fences.lift", lambda self, erasure_id: None)
        answer(trained, "refuse", erasure_id, "expression", notice=LETTER)
    assert erasure_id != trained.erase("jane").erasure_id


def test_a_refusal_in_time_is_not_overdue(trained):
    """Article 12(4): the answer may be no, within the same month."""
    erasure_id = receive(trained, "jane")
    answer(trained, "refuse", erasure_id, "expression", notice=LETTER)

    assert not is_overdue(erasure_of(trained, erasure_id), NOW_MS + 99 * DAY_MS)
    assert [] == outstanding(erasure_of(trained, erasure_id))


# The controller's own reference


def test_a_reference_is_kept_and_found(trained):
    """In the vault, never in the ledger."""
    erasure_id = receive(trained, "jane", reference="DSR-2026-0042")
    with trained.open() as workspace:
        papers = Papers(workspace.vault)

        assert ["DSR-2026-0042"] == papers.references(erasure_id)
        assert [erasure_id] == papers.referred("DSR-2026-0042")
    found = leaks(trained.folder, [b"DSR-2026-0042"])
    assert {"acme.vault"} == {name for name, _ in found}


@pytest.mark.parametrize(
    "reference",
    [PEOPLE["jane"], f"case {PEOPLE['jane'].upper()} 7", "a\nb", "x" * 129],
    ids=["identifier", "around-it", "line", "long"],
)
def test_a_reference_that_is_refused(trained, reference):
    """It outlives the person, so it may not name them; nobody is fenced."""
    with pytest.raises(InputError, match="--request"):
        receive(trained, "jane", reference=reference)


def test_nothing_was_answered_yet(trained):
    """An unknown erasure is refused in one line."""
    with pytest.raises(InputError, match="unknown erasure"):
        answer(trained, "restrict", "ab" * 16, "legal_claims")
