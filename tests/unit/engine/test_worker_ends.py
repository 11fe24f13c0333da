"""A worker lives no longer than the process that it works for."""

import os
import select
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.simulator import Key, sign_note
from verifier.format.note import parse_note
from verifier.history import workers

ROOT = Path(__file__).parents[3]
PARENT = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from verifier.history.workers import _begin

if __name__ == "__main__":
    spawn = get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin)
    print(pool.submit(os.getpid).result(), flush=True)
    sys.stdin.read()
"""


def test_worker_goes_with_its_parent(tmp_path):
    """Where the parent is killed, the worker ends by itself."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environment, **pipes) as parent:
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ended, _, _ = select.select([worker], [], [], 30)
    os.close(worker)

    assert [worker] == ended


def test_worker_waits_for_the_end_of_its_parent(monkeypatch):
    """Not before the parent is gone it ends, and then at once."""
    done = []

    class Parent:
        def join(self) -> None:
            done.append("the parent is gone")

    monkeypatch.setattr(workers, "parent_process", Parent)
    monkeypatch.setattr(workers.os, "_exit", done.append)
    workers._go_with_parent()

    assert ["the parent is gone", 1] == done


def test_process_without_a_parent_is_no_worker(monkeypatch):
    """It has nobody to work for."""
    done = []
    monkeypatch.setattr(workers, "parent_process", lambda: None)
    monkeypatch.setattr(workers.os, "_exit", done.append)
    workers._go_with_parent()

    assert [1] == done


def test_signatures_that_hold_are_marked():
    """Those under the key that they name; of others nothing is said."""
    known, other = Key("known"), Key("other")
    note = parse_note(sign_note(b"text\n", known, other))
    wrong = replace(note, text=b"another text\n")
    keys = {("known", known.key_id): known.public}

    assert [known.public, b""] == [
        line.holds_under for line in workers._signatures_checked(note, keys).signatures
    ]
    assert wrong == workers._signatures_checked(wrong, keys)
