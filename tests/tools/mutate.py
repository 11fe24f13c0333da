"""Mutation testing: change one thing in a module, and see whether the tests notice.

    python tests/tools/mutate.py verifier/tree.py verifier/note.py
    python tests/tools/mutate.py --sample 50 verifier/*.py verifier/rules/*.py

A mutant is compiled in memory in a forked child, which runs the tests of its module
with `-x`; no file is written. A survivor is a hole in the tests, or means the same.
"""

import argparse
import ast
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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
_PAIRS = ["Eq NotEq", "Lt LtE", "Gt GtE", "Is IsNot", "In NotIn", "And Or"]
SWAPPED = {
    getattr(ast, one): getattr(ast, other)
    for pair in _PAIRS
    for one, other in (pair.split(), pair.split()[::-1])
}


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
                whole = deepcopy(node)
                whole.test = ast.Constant(truth)
                yield whole
        case ast.Return(value=ast.expr()) if not isinstance(other.value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.AugAssign() | ast.Delete():
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield ast.Pass()


class Swap(ast.NodeTransformer):
    """Puts another node in the place of the one that is visited as number `at`."""

    def __init__(self, at: int, new: ast.AST) -> None:
        self.at, self.new = at, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node.number == self.at:
            return ast.copy_location(self.new, node)
        return self.generic_visit(node)


def mutants(source: str) -> Iterator[tuple[int, str, ast.Module]]:
    """Line, description and tree of every mutant of a module."""
    tree = ast.parse(source)
    for number, node in enumerate(ast.walk(tree)):
        node.number = number
    for node in list(ast.walk(tree)):
        for other in changes(node):
            whole = Swap(node.number, other).visit(deepcopy(tree))
            before, after = (ast.unparse(n).split("\n")[0][:60] for n in (node, other))
            yield (
                node.lineno,
                f"{before}  ->  {after}",
                ast.fix_missing_locations(whole),
            )


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


def main() -> None:
    """Mutate the named modules; print what survived, and how many did not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--sample", type=int, help="so many mutants of each module")
    parser.add_argument("--tests", nargs="+", help="instead of those of the module")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    sys.dont_write_bytecode = True
    for path in options.modules:
        key = max((k for k in TESTS if str(path).startswith(k)), key=len)
        tests = options.tests or [f"tests/{name}" for name in TESTS[key].split()]
        found = list(mutants(path.read_text()))
        if options.sample and options.sample < len(found):
            found = random.Random(0).sample(found, options.sample)
        came: Counter[bool] = Counter()
        start = time.monotonic()
        if not survives(path, ast.parse(path.read_text()), tests, 3600):
            raise SystemExit(f"{path}: the tests fail without any change: {tests}")
        limit_s = 5 + 3 * (time.monotonic() - start)
        for line, what, tree in found:
            alive = survives(path, tree, tests, limit_s)
            came[alive] += 1
            if alive:
                print(f"{path}:{line}: {what}", flush=True)
        print(f"{path}: {came[False]} killed, {came[True]} survived", flush=True)


if __name__ == "__main__":
    main()
