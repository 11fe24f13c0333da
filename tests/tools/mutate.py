"""Mutation testing: change one thing in a module, and see whether the tests notice.

    python tests/tools/mutate.py verifier/tree.py verifier/note.py
    ls verifier/*.py verifier/rules/*.py | xargs -P2 -n1 python tests/tools/mutate.py

A mutant is compiled in memory in a forked child, which runs the tests of its module
with `-x`; no file is written. A survivor is a hole in the tests, or means the same.
`SAMPLE=50` before the command takes so many mutants of each module.
"""

import ast
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = int(os.environ.get("SAMPLE", "1000000"))
# By the longest beginning that fits, the tests that know a module best, fastest first.
TESTS = {
    "verifier/": "tamper/test_rewrite.py tamper/test_keys.py tamper/test_rows.py"
    " unit/verifier tamper/test_t_rows.py tamper/test_s_rows.py tamper/test_lines.py"
    " tamper/test_open.py tamper/test_bombs.py unit/levels vectors unit/engine",
    "verifier/rules/": "tamper/test_history.py unit/engine",
    "verifier/tree": "unit/verifier/test_tree.py",
    "verifier/ed25519": "tamper/test_keys.py interop/test_rfc8032.py vectors",
    "verifier/bundle": "unit/bundle unit/proofs",
    "verifier/dsse": "interop/test_dsse.py unit/bundle",
    "verifier/proof": "unit/proofs",
    "verifier/pair": "unit/proofs",
    "verifier/check.py": "unit/proofs",
    "verifier/disclosure": "unit/proofs",
    "ledger/": "unit/ledger unit/keys vectors property/test_format.py",
}
_PAIRS = [("Eq", "NotEq"), ("Lt", "LtE"), ("Gt", "GtE"), ("Is", "IsNot")]
_PAIRS += [("In", "NotIn"), ("And", "Or")]
SWAPPED = {getattr(ast, a): getattr(ast, b) for p in _PAIRS for a, b in (p, p[::-1])}


def changes(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901 (a table)
    """What one node may become."""
    other = deepcopy(node)
    match other:
        case ast.Compare(ops=[op, *_]):
            other.ops[0] = SWAPPED[type(op)]()
            yield other
        case ast.BoolOp():
            other.op = SWAPPED[type(other.op)]()
            yield other
        case ast.UnaryOp(op=ast.Not()):
            yield other.operand
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.If() | ast.IfExp():
            for truth in (True, False):
                other.test = ast.Constant(truth)
                yield deepcopy(other)
        case ast.Return(value=ast.expr()) if not isinstance(other.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()


class Swap(ast.NodeTransformer):
    """Puts another node in the place of the one with this number."""

    def __init__(self, number: int, new: ast.AST) -> None:
        self.number, self.new = number, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node.number == self.number:
            return ast.copy_location(self.new, node)
        return self.generic_visit(node)


def mutants(source: str) -> Iterator[tuple[str, ast.Module]]:
    """Line and description, and tree, of every mutant of a module."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        node.number = number
    for node in list(ast.walk(tree)):
        for other in changes(node):
            whole = Swap(node.number, other).visit(deepcopy(tree))
            before, after = (ast.unparse(n).split("\n")[0][:60] for n in (node, other))
            what = f"{node.lineno}: {before}  ->  {after}"
            yield what, ast.fix_missing_locations(whole)


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a tree instead of its file."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        self.path, self.tree = path, tree
        self.name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module):
        exec(compile(self.tree, self.path, "exec"), module.__dict__)


def survives(path: Path, tree: ast.Module, tests: list[str], limit_s: float) -> bool:
    """Run the tests on a mutant in a child; whether all of them passed in time."""
    if (child := os.fork()) == 0:
        os.setsid()
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        sys.meta_path.insert(0, Mutated(path, tree))
        options = ["-x", "-q", "-p", "no:cacheprovider"]
        # One folder at a time: a mutant that dies early costs no collection of others.
        os._exit(any(pytest.main([*options, test]) != 0 for test in tests))
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def campaign(path: Path) -> str:
    """Try the mutants of a module, print those that survive, and return the figures."""
    key = max((key for key in TESTS if str(path).startswith(key)), key=len)
    tests = [f"tests/{name}" for name in TESTS[key].split()]
    start = time.monotonic()
    if not survives(path, ast.parse(path.read_text()), tests, 3600):
        return f"{path}: not tried, since these fail without any change: {tests}"
    limit_s = 5 + 3 * (time.monotonic() - start)
    found = list(mutants(path.read_text()))
    found = random.Random(0).sample(found, min(SAMPLE, len(found)))
    alive = [what for what, tree in found if survives(path, tree, tests, limit_s)]
    lines = [f"{path}:{what}" for what in sorted(alive)]
    total = f"{path}: {len(found) - len(alive)} killed, {len(alive)} survived"
    return "\n".join([*lines, total])


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    for name in sys.argv[1:]:
        print(campaign(Path(name)), flush=True)
