"""The machine that makes one file operation of a scenario fail: fault.c."""

import contextlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ledger.streams.producer import Producer
from tests.unit.ledger.workshop import assigned, new_workspace, open_ledger
from tests.unit.spool.conftest import numbers
from verifier import verify

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass
class Outcome:
    """What a case said.

    Attributes:
        operations: names of the operations on files, in order.
        tried: what was begun.
        acknowledged: what was said to be done.
        refused: what was refused, with the reason.
        status: the process's wait status.
    """

    operations: list[str]
    tried: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    status: int = 0

    def numbers(self, lines, *words):
        """The numbers of what was said with one of these words."""
        said = (line.split() for line in lines)
        return {int(one[1]) for one in said if one[0] in words}


def build(folder):
    """Compile the shim; None where there is no compiler or no preloading."""
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    shim = folder / "fault.so"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-o",
        shim,
        HERE / "fault.c",
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode else shim


class Machine:
    """Runs cases, each on its own copy of a prepared workspace."""

    def __init__(self, child, folder):
        self._child = child
        self._folder = folder
        self._prepared = {}
        self._operations = {}
        self._cases = 0

    def run(self, scenario, at=-1, kind="none"):
        """One case; returns its workspace and what it said."""
        self._cases += 1
        workspace = self._folder / f"case{self._cases}" / "acme"
        shutil.copytree(self._prepare(scenario), workspace)
        log = workspace.parent / "operations"
        case = f"{scenario} {workspace} {log} {at} {kind}\n"
        self._child.stdin.write(case)
        self._child.stdin.flush()
        outcome = Outcome([])
        while not (line := self._child.stdout.readline().rstrip("\n")).startswith(
            "ended"
        ):
            assert line, "the child is gone"
            word, _, rest = line.partition(" ")
            assert word != "bug", f"{case}: {rest}"
            into = {
                "try": outcome.tried,
                "ack": outcome.acknowledged,
                "refused": outcome.refused,
            }
            into[word].append(rest)
        outcome.status = int(line.split()[1])
        outcome.operations = log.read_text().split()
        return workspace, outcome

    def operations(self, scenario):
        """Names of the operations of a scenario without a fault."""
        if scenario not in self._operations:
            self._operations[scenario] = self.run(scenario)[1].operations
        return self._operations[scenario]

    def _prepare(self, scenario):
        """The workspace that a scenario begins with."""
        if scenario not in self._prepared:
            folder = self._folder / scenario / "acme"
            new_workspace(folder)
            if scenario == "drain":
                for place, stream in enumerate(("shards/a", "shards/b")):
                    with Producer.open(folder, stream=stream) as producer:
                        for number in range(2):
                            producer.append([assigned(20 + 10 * place + number)])
            self._prepared[scenario] = folder
        return self._prepared[scenario]


@contextlib.contextmanager
def machine(shim, folder):
    """A machine; its child is gone when the block ends."""
    with subprocess.Popen(
        [sys.executable, HERE / "fault_child.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim)},
    ) as child:
        try:
            assert "ready\n" == child.stdout.readline()
            yield Machine(child, folder)
        finally:
            child.stdin.close()
            child.kill()


def check_verifies(workspace):
    """The real verifier finds no rule broken but those of section 9."""
    report = verify(workspace / "acme.ledger", level=0)
    assert [] == [str(one) for one in report.findings if not one.rule.startswith("XEV")]


def check_after(workspace, outcome, *, spooled_before=()):
    """What was acknowledged is there once, and nothing that was not at least tried."""
    if not (workspace / "acme.ledger-journal").exists():
        check_verifies(workspace)  # before any writer puts it right
    sequenced = outcome.numbers(outcome.acknowledged, "sequenced")
    flushed = outcome.numbers(outcome.acknowledged, "flushed")
    flushed &= outcome.numbers(outcome.acknowledged, "spooled")
    assert sequenced | flushed <= set(numbers(workspace))
    check_verifies(workspace)
    with open_ledger(workspace) as ledger:
        assert {} == ledger.drain().refused
    found = numbers(workspace)
    known = outcome.numbers(outcome.acknowledged, "sequenced", "spooled")
    tried = outcome.numbers(outcome.tried, "sequenced", "spooled")
    once = [one for place, one in enumerate(found) if one not in found[:place]]
    assert known | set(spooled_before) <= set(once)
    assert set(once) <= tried | set(spooled_before)
    return found
