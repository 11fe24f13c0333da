"""Checkpoints, cosignatures, proofs and witnesses against another implementation.

The other one needs Python 3.12 and the packages `aics-tlog` and `aics-witness`; the
environment variable TUNELEDGER_INTEROP_PYTHON names an interpreter that has them.
"""

import base64
import json
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from ledger.errors import KeyTrustError
from ledger.export.receipt import encode_receipt
from ledger.format.cosignature import check_cosignature, parse_cosigner
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState
from producers.commands.witness import keep, request_body
from tests.unit.anchors.conftest import serve
from tests.unit.anchors.toylog import NOW_S, ToyLog
from tests.unit.ledger.conftest import pristine, workspace
from tests.unit.ledger.workshop import adopted, open_ledger
from verifier.format.cosignature import check_line, parse_witness_vkey
from verifier.format.note import open_note, parse_vkey
from verifier.format.tree import check_inclusion, leaf_hash
from verifier.proofs.tlog import parse_tlog_proof

__all__ = ["pristine", "serve", "workspace"]

PEER = Path(__file__).with_name("c2sp_peer.py")
NAME = "example.com/w1"
ENTRIES = 7


def now_s():
    """The time now: the other side asks for fresh cosignatures."""
    return int(time.time())


@pytest.fixture(scope="session")
def interpreter():
    """The interpreter that has the other implementation."""
    path = os.environ.get("TUNELEDGER_INTEROP_PYTHON")
    if not path:
        pytest.skip("TUNELEDGER_INTEROP_PYTHON names no interpreter with aics-tlog")
    return path


@pytest.fixture
def peer(interpreter):
    """Run the other side's half."""

    def run(task, **document):
        ran = subprocess.run(
            [interpreter, PEER, task],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=False,
        )
        assert 0 == ran.returncode, ran.stderr
        return json.loads(ran.stdout)

    return run


@pytest.fixture
def ledger(workspace):
    """A ledger of seven entries."""
    with open_ledger(workspace) as opened:
        for tokens in range(ENTRIES - 1):
            opened.append([adopted(tokens)], stream="policy")
        yield opened


@pytest.fixture
def our_witness(tmp_path, ledger):
    """Our witness, which knows the ledger."""
    state = WitnessState.create(tmp_path / "w", NAME, b"w" * 32)
    state.add_log(ledger.origin, ledger.log_key)
    return Witness(state, clock_s=now_s)


def leaves(ledger):
    """The entries, which are the leaves' data, in base64."""
    return [base64.b64encode(row.entry).decode() for row in ledger.rows()]


@pytest.mark.parametrize("seq", [0, 3, ENTRIES - 1])
def test_they_verify_ours(peer, ledger, our_witness, seq):
    """Our cosigned checkpoint and our tlog-proof verify there."""
    key = our_witness.state.key
    line = our_witness.add_checkpoint(request_body(ledger, 0, ENTRIES))
    keep(ledger, line, key, None)
    _, proof = encode_receipt(ledger, f"{seq}.0")
    found = peer(
        "verify",
        proof=proof.decode(),
        log=str(ledger.log_key),
        witness=str(key),
        leaf=leaves(ledger)[seq],
    )

    assert {
        "format": "c2sp.org/tlog-proof@v1",
        "checkpoint": True,
        "error": None,
        "witnesses": [NAME],
        "inclusion": True,
    } == found


@pytest.mark.parametrize("index", [0, 4, 10])
def test_we_verify_theirs(peer, index):
    """A checkpoint, cosignature and tlog-proof made there verify here, twice over."""
    data = [f"leaf {place}".encode() for place in range(11)]
    made = peer(
        "make",
        origin="example.net/log",
        name="example.net/w",
        leaves=[base64.b64encode(leaf).decode() for leaf in data],
        index=index,
        at_s=NOW_S,
    )
    proof = parse_tlog_proof(made["proof"].encode())
    text, names = open_note(proof.checkpoint, [parse_vkey(made["log"])])
    line = proof.checkpoint.splitlines(keepends=True)[-1]
    root = base64.b64decode(text.splitlines()[2])

    assert ["example.net/log"] == names
    assert NOW_S == check_line(line, text, parse_witness_vkey(made["witness"]))
    assert NOW_S == check_cosignature(line, text, parse_cosigner(made["witness"]))
    check_inclusion(
        index=index,
        size=11,
        leaf=leaf_hash(data[index]),
        proof=proof.hashes,
        root=root,
    )


@pytest.mark.parametrize("old_size", [0, 2, 4])
def test_their_client_asks_our_witness(peer, ledger, our_witness, serve, old_size):
    """Whatever size it begins with, it ends with a cosignature that it accepts."""
    our_witness.add_checkpoint(request_body(ledger, 0, 4))
    note = ledger.checkpoint_note(cosigned=False)
    answer = peer(
        "submit",
        url=serve(our_witness, prefix="/w").url,
        witness=str(our_witness.state.key),
        note=note.decode(),
        leaves=leaves(ledger),
        old_size=old_size,
    )

    keep(ledger, answer["line"].encode(), our_witness.state.key, ENTRIES)


@pytest.fixture
def their_witness(interpreter, tmp_path, ledger):
    """Their server on loopback, which knows the ledger: (url, key)."""
    config = ("--config", tmp_path / "peer" / "witness.json")

    def tool(command, *options):
        return [interpreter, "-m", "aics_witness", command, *config, *options]

    made = subprocess.run(
        tool("init", "--name", "example.net/w", "--listen", "127.0.0.1:0"),
        capture_output=True,
        text=True,
        check=True,
    )
    vkey = re.search(r"example\.net/w\+[0-9a-f]{8}\+\S+", made.stdout + made.stderr)
    known = tool("add-log", "--origin", ledger.origin, "--vkey", str(ledger.log_key))
    subprocess.run(known, capture_output=True, check=True)
    server = subprocess.Popen(tool("serve"), stderr=subprocess.PIPE, text=True)
    try:
        url = next(
            found[1]
            for line in server.stderr
            if (found := re.search(r"listening on (http\S+)", line))
        )
        yield url, parse_cosigner(vkey[0])
    finally:
        server.terminate()
        server.communicate()


def test_our_client_asks_their_witness(ledger, their_witness):
    """First from nothing, then with a proof, then from a size that is out of date."""
    submit = pytest.importorskip("producers.anchoring.witness_client").submit
    url, key = their_witness
    for size, old_size in ((2, 0), (5, 2), (ENTRIES, 2), (ENTRIES, ENTRIES)):
        answer = submit(
            url,
            lambda old, size=size: request_body(ledger, old, size),
            old_size=old_size,
            size=size,
        )
        keep(ledger, answer, key, size)

    assert {2, 5, ENTRIES} == {size for size, _ in ledger.anchors("cosignature")}


def test_both_witnesses_refuse_alike(ledger, our_witness, their_witness, serve):
    """The same requests have the same statuses and, for 409, the same answer."""
    exchange = pytest.importorskip("producers.anchoring.http").exchange
    proofs = [request_body(ledger, old, size) for old, size in ((0, 3), (3, 6), (0, 6))]
    stranger = ToyLog(origin=ledger.origin)
    bodies = [
        b"",
        b"old 03\n" + proofs[1].partition(b"\n")[2],
        proofs[0],
        proofs[2],
        stranger.request(0, 6),
        ToyLog(origin="example.net/unknown").request(0, 6),
        proofs[1].partition(b"\n")[0] + b"\n\n" + proofs[1].partition(b"\n\n")[2],
        b"old 9\n\n" + proofs[1].partition(b"\n\n")[2],
        proofs[1],
        proofs[1],
    ]
    sides = [
        [exchange("POST", f"{url}/add-checkpoint", body=body) for body in bodies]
        for url in (serve(our_witness).url, their_witness[0])
    ]
    statuses = [[answer.status for answer in side] for side in sides]
    conflicts = [
        [(a.content_type, a.body) for a in side if a.status == 409] for side in sides
    ]

    assert statuses[0] == statuses[1]
    assert conflicts[0] == conflicts[1]
    assert {200, 400, 403, 404, 409, 422} == set(statuses[0])


def test_a_spoilt_line_is_refused_here(peer):
    """One bit less in what they made, and it does not verify."""
    made = peer(
        "make", origin="o.example", name="w.example", leaves=["AA=="], index=0, at_s=1
    )
    note = parse_tlog_proof(made["proof"].encode()).checkpoint
    text, line = note.partition(b"\n\n")[0] + b"\n", note.splitlines(True)[-1]

    with pytest.raises(KeyTrustError):
        check_cosignature(line, text + b"x\n", parse_cosigner(made["witness"]))
