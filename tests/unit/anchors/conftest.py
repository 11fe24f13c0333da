"""A log, a witness that knows it, and a server on loopback."""

import threading

import pytest

from ledger.witness.server import WitnessServer
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState
from tests.unit.anchors.toylog import NOW_S, ToyLog
from tests.unit.ledger.conftest import pristine, workspace

__all__ = ["pristine", "workspace"]

WITNESS_NAME = "example.com/witness"


@pytest.fixture
def toylog():
    """A log."""
    return ToyLog()


@pytest.fixture
def witness_folder(tmp_path, toylog):
    """The folder of a witness that knows the log."""
    folder = tmp_path / "witness"
    state = WitnessState.create(folder, WITNESS_NAME, b"w" * 32)
    state.add_log(toylog.origin, toylog.signer.verifier)
    return folder


@pytest.fixture
def witness(witness_folder):
    """The witness, under a clock that stands still."""
    return Witness(WitnessState(witness_folder), clock_s=lambda: NOW_S)


@pytest.fixture
def serve():
    """Start servers on loopback; all are stopped at the end."""
    running = []

    def start(witness, **options):
        server = WitnessServer(witness, ("127.0.0.1", 0), **options)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()
