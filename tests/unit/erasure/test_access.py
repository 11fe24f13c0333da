"""Access and recipients: what the person, and others, are told."""

import pytest

from ledger.erasing.access import subject_document
from ledger.erasing.preview import find_subject
from ledger.errors import ConflictError, InputError
from ledger.events.erasure import RecipientsNotified
from ledger.events.training import RunFinished
from ledger.vault.papers import Papers
from ledger.vault.recipients import RECORDS, Recipients
from tests.unit.erasure.asked import answer, receive
from tests.unit.erasure.weights import owed
from tests.unit.workspace.office import PEOPLE, leaks, letter


def known_of(office, who):
    """What is known of a person."""
    with office.open() as workspace:
        subject = find_subject(workspace.vault, PEOPLE.get(who, who))
        return subject_document(workspace, subject)


def hand(office, name, handed=RECORDS):
    """Note a recipient."""
    with office.open() as workspace:
        return Recipients(workspace.vault).add(name, handed, now_ms=5)


def run_of(office):
    """The id of the run that trained the shards."""
    return [one.run_id for one in office.events(RunFinished)][-1]


def test_records_with_their_text(trained):
    """Both letters, in clear, with the owner's ids and the decision."""
    document = known_of(trained, "jane")

    assert {letter("jane"), letter("jane", 2)} == {
        one["text"] for one in document["records"]
    }
    assert {"jane-1", "jane-2"} == {one["your_id"] for one in document["records"]}
    assert {"accepted"} == {one["decision"]["decision"] for one in document["records"]}
    assert {trained.shard_of("jane")} == {one["shard"] for one in document["records"]}


def test_a_shared_record_says_so(trained):
    """Bob's letter with Carol is given whole, and marked as two persons'."""
    document = known_of(trained, "bob")

    assert [1, 2] == sorted(one["persons"] for one in document["records"])


def test_by_alias(trained):
    """As `status --subjects` lists them."""
    assert known_of(trained, "jane") == known_of(trained, "s-1")


def test_runs_that_saw_them(trained):
    """With the model that came of it."""
    document = known_of(trained, "jane")

    assert run_of(trained) in [one["run_id"] for one in document["runs"]]


def test_nothing_of_anybody_else(trained):
    """Only this person's records."""
    texts = " ".join(one["text"] for one in known_of(trained, "jane")["records"])

    assert "zebra-eve" not in texts


def test_recipients_of_their_data(trained):
    """Who got records, or weights that saw them."""
    hand(trained, "Acme Ltd")
    hand(trained, "Beta GmbH", run_of(trained))
    hand(trained, "Other plc", "ab" * 16)

    assert ["Acme Ltd", "Beta GmbH"] == [
        one["name"] for one in known_of(trained, "jane")["recipients"]
    ]


def test_an_open_request_is_shown(trained):
    """With the controller's own reference to it."""
    erasure_id = receive(trained, "jane", reference="DSR-1")
    document = known_of(trained, "jane")

    assert (erasure_id, ["DSR-1"]) == (document["erasure"], document["requests"])


def test_nobody_is_known_after_the_erasure(trained):
    """There is nothing left to give access to."""
    trained.erase("jane", retrain=False)

    with pytest.raises(InputError, match="unknown subject"):
        known_of(trained, "jane")


def test_a_recipient_is_noted_once(trained):
    """The same again is the same."""
    first = hand(trained, "Acme Ltd")

    assert first == hand(trained, "Acme Ltd")
    with trained.open() as workspace:
        assert [first] == Recipients(workspace.vault).all()


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb"], ids=["empty", "long", "line"])
def test_a_name_that_is_refused(trained, name):
    """One line that a terminal shows as it is."""
    with pytest.raises(InputError, match="recipient: expected"):
        hand(trained, name)


def test_recipients_are_in_the_vault_only(trained):
    """A business partner is nobody's business."""
    hand(trained, "Acme Ltd")

    assert {"acme.vault"} == {name for name, _ in leaks(trained.folder, [b"Acme Ltd"])}


def test_who_was_told(trained):
    """Counts in the ledger, the list in the vault, bound by its commitment."""
    hand(trained, "Acme Ltd")
    hand(trained, "Beta GmbH", run_of(trained))
    erased = trained.erase("jane")
    answer(trained, "notify", erased.erasure_id, told=["Beta GmbH"], impossible=[])
    [event] = trained.events(RecipientsNotified)

    assert (2, 1, 0) == (event.recipients, event.notified, event.impossible)
    with trained.open() as workspace:
        listed = Papers(workspace.vault).content(event.list_commitment)
    assert b'{"Acme Ltd":"not_yet","Beta GmbH":"told"}' == listed
    assert [] == owed(trained)
    trained.check()


def test_only_recipients_of_that_erasure(trained):
    """Whoever got nothing of the person is not told of them."""
    hand(trained, "Other plc", "ab" * 16)
    erased = trained.erase("jane", retrain=False)

    with pytest.raises(InputError, match="found 1 others"):
        answer(trained, "notify", erased.erasure_id, told=["Other plc"], impossible=[])
    assert [] == trained.events(RecipientsNotified)


def test_nobody_is_told_before_the_plan(trained):
    """There is no erasure to tell of."""
    erasure_id = receive(trained, "jane")

    with pytest.raises(ConflictError, match="is not planned yet"):
        answer(trained, "notify", erasure_id, told=[], impossible=[])
