"""ledger.witness.service: check and persist are one step, for threads and processes."""

import subprocess
import sys
import threading

import pytest

from ledger.errors import StorageError
from ledger.format.cosignature import check_cosignature
from ledger.witness.refusal import RefusalError
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState, hash_of
from tests.crash.killing import ROOT
from tests.unit.anchors.toylog import NOW_S, ToyLog

ROUNDS = 4
RIVALS = 4


def status_of(witness, body):
    """The status that a witness answers a body with."""
    try:
        witness.add_checkpoint(body)
    except RefusalError as error:
        return error.status
    return 200


def test_the_answer_is_a_cosignature(witness, toylog):
    """The line verifies over the checkpoint and carries the time."""
    line = witness.add_checkpoint(toylog.request(0, 4))

    assert NOW_S == check_cosignature(line, toylog.text(4), witness.state.key)


def test_what_is_kept(witness, toylog):
    """The checkpoint, the log's line and ours are stored; other lines are dropped."""
    stranger = ToyLog(origin="example.org/x").signer.note_line(toylog.text(4))
    line = witness.add_checkpoint(toylog.request(0, 4) + stranger)

    kept = witness.state.head(hash_of(toylog.origin))
    assert toylog.note(4) + line == kept


def test_a_fresh_cosignature_of_the_same(witness_folder, toylog):
    """The same checkpoint again is cosigned with the new time."""
    times = iter([NOW_S, NOW_S + 60])
    witness = Witness(WitnessState(witness_folder), clock_s=lambda: next(times))
    witness.add_checkpoint(toylog.request(0, 4))
    line = witness.add_checkpoint(toylog.request(4, 4))

    assert NOW_S + 60 == check_cosignature(line, toylog.text(4), witness.state.key)


def test_restart(witness, witness_folder, toylog):
    """Another process continues where the first one stopped."""
    witness.add_checkpoint(toylog.request(0, 4))
    again = Witness(WitnessState(witness_folder), clock_s=lambda: NOW_S)

    assert 409 == status_of(again, toylog.request(0, 6))
    assert 200 == status_of(again, toylog.request(4, 6))


def test_a_refusal_changes_nothing(witness, toylog):
    """After a refused request the last checkpoint is what it was."""
    witness.add_checkpoint(toylog.request(0, 4))
    before = witness.state.head(hash_of(toylog.origin))
    fork = ToyLog(branch="b")
    answers = [
        status_of(witness, body)
        for body in (fork.request(4, 6), toylog.request(0, 2), b"old 4\n")
    ]

    assert [422, 409, 400] == answers
    assert before == witness.state.head(hash_of(toylog.origin))


def test_evidence(witness, witness_folder, toylog):
    """A log that contradicts itself leaves its request; a late one does not."""
    fork = ToyLog(branch="b")
    witness.add_checkpoint(toylog.request(0, 4))
    bodies = [fork.request(4, 6), fork.request(4, 4)]
    for body in [*bodies, toylog.request(0, 3)]:
        status_of(witness, body)

    kept = {path.read_bytes() for path in (witness_folder / "refused").iterdir()}
    assert set(bodies) == kept


def test_evidence_is_not_crowded_out(witness, witness_folder, toylog):
    """A checkpoint that anybody sends again with other proofs is kept once."""
    witness.add_checkpoint(toylog.request(0, 4))
    proof = b"A" * 43 + b"=\n"
    bodies = [b"old 4\n" + proof * n + b"\n" + toylog.note(6) for n in range(1, 4)]
    answers = [status_of(witness, body) for body in bodies]

    assert [422] * 3 == answers
    assert [bodies[0]] == [
        path.read_bytes() for path in (witness_folder / "refused").iterdir()
    ]


def test_a_race_of_threads(witness, toylog):
    """Of several extensions of one checkpoint exactly one is cosigned."""
    size = 0
    for _ in range(ROUNDS):
        bodies = [toylog.request(size, size + step) for step in range(1, RIVALS + 1)]
        answers = [0] * RIVALS
        together = threading.Barrier(RIVALS)

        def run(place, bodies=bodies, answers=answers, together=together):
            together.wait()
            answers[place] = status_of(witness, bodies[place])

        threads = [threading.Thread(target=run, args=(n,)) for n in range(RIVALS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [200, *[409] * (RIVALS - 1)] == sorted(answers)
        size = witness.state.last(toylog.origin).size


def start_child(folder, request, *options):
    """A process that waits to cosign a request."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.anchors.child", folder, request, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "ready\n" == child.stdout.readline()
    return child


def test_a_race_of_processes(witness_folder, tmp_path):
    """Two forks from one checkpoint, asked of two processes: exactly one wins."""
    ours, fork = ToyLog(common=3), ToyLog(branch="b", common=3)
    witness = Witness(WitnessState(witness_folder), clock_s=lambda: NOW_S)
    witness.add_checkpoint(ours.request(0, 3))
    requests = [tmp_path / "a", tmp_path / "b"]
    for path, log in zip(requests, (ours, fork), strict=True):
        path.write_bytes(log.request(3, 6))

    children = [start_child(witness_folder, path) for path in requests]
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    answers = sorted(child.communicate()[0] for child in children)

    assert ["200\n", "409\n"] == answers


def test_killed_before_the_answer(witness_folder, tmp_path, toylog):
    """A kill after saving loses the answer only: asked anew, the same is cosigned."""
    request = tmp_path / "request"
    request.write_bytes(toylog.request(0, 4))
    child = start_child(witness_folder, request, "--die")
    said, _ = child.communicate("\n")
    again = Witness(WitnessState(witness_folder), clock_s=lambda: NOW_S)

    assert (-9, "") == (child.returncode, said)
    assert 409 == status_of(again, toylog.request(0, 4))
    assert 422 == status_of(again, ToyLog(branch="b").request(4, 6))
    assert 200 == status_of(again, toylog.request(4, 4))


def test_no_rollback_by_a_late_request(witness, toylog):
    """The race of the specification: a smaller checkpoint after a larger one."""
    witness.add_checkpoint(toylog.request(0, 2))
    larger, smaller = toylog.request(2, 9), toylog.request(2, 5)

    assert [200, 409] == [status_of(witness, larger), status_of(witness, smaller)]
    assert 9 == witness.state.last(toylog.origin).size


def test_a_full_disk(witness, witness_folder, toylog):
    """Where the checkpoint cannot be saved nothing is cosigned."""
    witness.add_checkpoint(toylog.request(0, 2))
    heads = witness_folder / "heads"
    moved = heads.rename(witness_folder / "moved")
    with pytest.raises(StorageError):
        witness.add_checkpoint(toylog.request(0, 5))
    moved.rename(heads)

    assert 2 == witness.state.last(toylog.origin).size
