"""Run commands in this process and look at what they print."""

import json
from dataclasses import dataclass

import cli
from producers.scanning import ScanOptions
from tests.unit.workspace.office import RECORDS, jsonl


@dataclass(frozen=True)
class Ran:
    """What a command did.

    Attributes:
        code: its exit code.
        out: stdout.
        err: stderr.
    """

    code: int
    out: str
    err: str

    def json(self):
        """Stdout as the one document that it must be."""
        return json.loads(self.out)


class Shell:
    """Runs commands; `w` adds the workspace."""

    def __init__(self, capsys, folder=None):
        self._capsys = capsys
        self.folder = folder

    def run(self, *arguments, obj=None):
        """Run a command as it is typed; `obj` resolves the names of played sites."""
        self._capsys.readouterr()
        played = obj and ScanOptions(resolver=obj, spacing_s=0)
        code = cli.invoke([str(one) for one in arguments], obj=played)
        out, err = self._capsys.readouterr()
        return Ran(code=code, out=out, err=err)

    def w(self, *arguments, obj=None):
        """Run a command on the workspace."""
        return self.run(*arguments, "-w", self.folder, obj=obj)


def check_one_error(ran, code, text):
    """The code, one line on stderr that says it, and no trace of Python."""
    assert code == ran.code, ran
    lines = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert [ran.err.splitlines()[-1]] == lines
    assert text in lines[0], lines
    assert "Traceback" not in ran.err + ran.out


def write(path, content=None):
    """An input file, of one record by default."""
    path.write_bytes(jsonl(RECORDS[:1]) if content is None else content)
    return path
