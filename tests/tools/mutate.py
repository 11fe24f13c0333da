"""Mutation testing: change one thing in a module, and see whether the tests notice.

    python tests/tools/mutate.py --known build/known --sample 12 verifier/*/*.py

A first run writes to the folder of `--known` which tests execute each line, and how
long they take; delete it when the code has changed. A mutant then meets the tests of
its line: the fastest, and where these pass, more of them. It lives in a forked child
that has every test loaded; no file is written. A survivor is a hole in the tests, or
means the same.
"""

import argparse
import ast
import gc
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.util import spec_from_file_location
from itertools import accumulate
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from known_tests import KnownTests, own_caches, passes
from mutants import Mutant, mutants, mutated

ROOT = Path(__file__).resolve().parents[2]
UNITS = ("verifier", "levels", "engine", "proofs", "bundle", "keys", "ledger")
TESTS = [f"tests/unit/{name}" for name in UNITS]
TESTS += ["tests/tamper", "tests/vectors", "tests/interop"]
TESTS += ["tests/property/test_format.py"]
OPTIONS = ["-x", "-q", "-s", "-p", "no:cacheprovider"]
SURVIVED, KILLED, BROKEN = range(3)
FIRST = 25
"""Tests of the first batch."""
MEMORY_BYTES = 8 << 30
"""What a mutant may use: some ask for more and more."""
TROUBLE = Path(tempfile.gettempdir(), "mutate.err")


def in_child(task: Callable[[], object], limit_s: float) -> int:
    """Run a task in a forked process: SURVIVED if true; KILLED if false or too long."""
    if (child := os.fork()) == 0:
        os.setsid()
        for stream in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        try:
            os._exit(SURVIVED if task() else KILLED)
        except BaseException:  # noqa: BLE001 (the parent shows it)
            TROUBLE.write_text(traceback.format_exc())
            os._exit(BROKEN)
    end = time.monotonic() + limit_s
    while not os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        if time.monotonic() > end:
            break
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)  # with the processes that a test has left
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return KILLED if status < 0 else status


def codes_of(code: CodeType) -> Iterator[tuple[tuple[str, str, int], CodeType]]:
    """Every piece of code within another, by file, name and line."""
    yield (code.co_filename, code.co_qualname, code.co_firstlineno), code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes_of(inner)


def put_in_place(code: CodeType, functions: list[FunctionType]) -> bool:
    """Give the functions of a loaded module new code; whether that can be done."""
    codes, places = dict(codes_of(code)), []
    for item in functions:
        old = item.__code__
        new = codes.get((old.co_filename, old.co_qualname, old.co_firstlineno))
        if new and new.co_freevars != old.co_freevars:
            return False
        if new:
            places.append((item, new))
    for item, new in places:
        item.__code__ = new
    return bool(places)


class Mutated(MetaPathFinder, Loader):
    """Imports one module from code instead of its file."""

    def __init__(self, path: Path, code: CodeType) -> None:
        self.code = code
        self.name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return spec_from_file_location(fullname, self.code.co_filename, loader=self)

    def exec_module(self, module):
        exec(self.code, module.__dict__)


def load_anew(path: Path, code: CodeType, tests: list[str]) -> bool:
    """Load the project again with other code for one module; whether tests pass."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if file.startswith(f"{ROOT}/") and not file.startswith(sys.prefix):
            del sys.modules[name]
    sys.meta_path.insert(0, Mutated(path, code))
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    return pytest.main([*OPTIONS, *files], plugins=[Chosen(tests)]) == 0


class Chosen:
    """Runs these tests of a session, and ends the process after the last."""

    def __init__(self, tests: list[str]) -> None:
        self.place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        chosen = [item for item in items if item.nodeid in self.place]
        items[:] = sorted(chosen, key=lambda item: self.place[item.nodeid])

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Go: the rest would be torn down twice."""
        os._exit(KILLED if exitstatus else SURVIVED)


class Campaign:
    """Tries the mutants of modules once pytest has loaded the tests."""

    def __init__(self, chosen: argparse.Namespace, known: KnownTests) -> None:
        self.chosen, self.known = chosen, known

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the tests, try the mutants of each module."""
        self.items = {item.nodeid: item for item in session.items}
        if new := self.known.load(session.items):
            if in_child(lambda: self.known.learn(new) or True, 3600):
                raise RuntimeError(TROUBLE.read_text())
            self.known.load(session.items)
        for cache in own_caches():
            cache.cache_clear()
        loaded = gc.get_objects()
        self.functions = [item for item in loaded if isinstance(item, FunctionType)]
        gc.freeze()
        total = Counter()
        for path in self.chosen.modules:
            total += (count := self.module(path))
            print(f"{path}: {figures(count)}", flush=True)
        print(f"total: {figures(total)}")
        return True

    def module(self, path: Path) -> Counter:
        """Try mutants of a module, and print those that survive."""
        source, count = path.read_text(), Counter()
        found = list(enumerate(mutants(ast.parse(source))))
        random.Random(self.chosen.seed).shuffle(found)
        for number, mutant in found[: self.chosen.sample]:
            code = compile(mutated(source, number), str(ROOT / path), "exec")
            status = self.status(path, mutant, code)
            count[status] += 1
            if status != KILLED:
                trouble = TROUBLE.read_text() if status == BROKEN else ""
                print(f"{path}:{mutant}  {trouble}", flush=True)
        return count

    def status(self, path: Path, mutant: Mutant, code: CodeType) -> int:
        """What becomes of a mutant."""
        tests = self.known.of_lines(path, mutant.head())
        at_import = not mutant.function or not tests
        if at_import:
            tests |= self.known.of_names(mutant.names())
        inner = self.known.of_lines(path, mutant.body())
        for batch in self.batches(
            tests & self.items.keys() & self.known.seconds.keys(), inner
        ):
            limit_s = 10 + 5 * sum(self.known.seconds[test] for test in batch)
            task = partial(self.meet, path, code, batch, at_import=at_import)
            if status := in_child(task, limit_s):
                return status
        return SURVIVED

    def meet(
        self, path: Path, code: CodeType, tests: list[str], *, at_import: bool
    ) -> bool:
        """Whether tests pass on a mutant; in the child."""
        if at_import or not put_in_place(code, self.functions):
            return load_anew(path, code, tests)
        items = [self.items[test] for test in tests]
        return all(map(passes, items, [*items[1:], None]))

    def batches(self, tests: set[str], inner: set[str]) -> Iterator[list[str]]:
        """The fastest tests; then of every file the most fitting, up to a time.

        Those that enter the body of the statement alternate with those that do not.
        """
        seconds, widths = self.known.seconds, self.known.widths
        order = sorted(tests, key=lambda test: (seconds[test], test))
        first = in_turn(order, lambda test: test in inner)[:FIRST]
        if first:
            yield first
        rest = sorted(tests.difference(first), key=lambda test: (widths[test], test))
        if inner:
            rest = in_turn(rest, lambda test: (test in inner, test.partition("::")[0]))
        spent = accumulate(seconds[test] for test in rest)
        limit_s = self.chosen.seconds
        if more := [test for test, s in zip(rest, spent, strict=True) if s < limit_s]:
            yield more


def in_turn(tests: list[str], group: Callable[[str], object]) -> list[str]:
    """The first of each group, then the second of each, and so on."""
    met, rank = Counter(), {}
    for test in tests:
        rank[test] = met[group(test)]
        met[group(test)] += 1
    return sorted(tests, key=rank.get)


def figures(count: Counter) -> str:
    """How many mutants were killed."""
    share = 100 * count[KILLED] / max(count.total(), 1)
    broken = f", {count[BROKEN]} not tried" if count[BROKEN] else ""
    return f"{count[KILLED]} of {count.total()} killed ({share:.1f} %){broken}"


def main() -> int:
    """Read the command line, and let pytest load the tests."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("modules", nargs="+", type=Path)
    parser.add_argument("--known", required=True, type=Path, help="folder to keep")
    parser.add_argument("--sample", type=int, default=sys.maxsize, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=15, help="of the second batch")
    chosen = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    known = KnownTests(chosen.known)
    with tempfile.TemporaryDirectory() as folder:
        options = [*OPTIONS, f"--basetemp={folder}/tests", *TESTS]
        return pytest.main(options, plugins=[known, Campaign(chosen, known)])


if __name__ == "__main__":
    sys.exit(main())
