"""Which tests execute each line of the code, and how long each of them takes."""

import ast
import functools
import gc
import json
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import coverage
import pytest

PACKAGES = ("verifier", "ledger")
_NOTHING_LOADED_NOW = ["module-not-measured", "no-data-collected"]


class KnownTests:
    """The tests of each line, kept in a folder; a plugin of pytest while it learns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "seconds.json"
        self._lines = folder / "coverage"
        self._users: dict[str, set[str]] = defaultdict(set)
        self._learning, self._context = False, ""
        self.seconds: dict[str, float] = {}

    def load(self, items: list[pytest.Item]) -> list[pytest.Item]:
        """Read the folder, and return the tests that it does not know."""
        if self._file.exists():
            self.seconds = json.loads(self._file.read_text())
        self._coverage = self._open()
        for item in items:
            for name in item.fixturenames:
                self._users[f"fixture {name}"].add(item.nodeid)
        return [item for item in items if item.nodeid not in self.seconds]

    def learn(self, items: list[pytest.Item]) -> None:
        """Run tests, and write what they execute; in a process of its own."""
        self._coverage = self._open()
        self._coverage.start()
        self._learning, caches = True, own_caches()
        for item, after in zip(items, [*items[1:], None], strict=True):
            for cache in caches:
                cache.cache_clear()
            self._switch(item.nodeid)
            start = time.monotonic()
            if passes(item, after):
                self.seconds[item.nodeid] = time.monotonic() - start
        self._coverage.stop()
        self._coverage.save()
        self._file.write_text(json.dumps(self.seconds))

    def _open(self) -> coverage.Coverage:
        opened = coverage.Coverage(self._lines, source_pkgs=PACKAGES, config_file=False)
        opened.set_option("run:disable_warnings", _NOTHING_LOADED_NOW)
        opened.load()
        return opened

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        """Tell what a shared fixture executes from the first test that asks for it."""
        if not self._learning or fixturedef.scope == "function":
            return (yield)
        before = self._context
        self._switch(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._switch(before)

    def _switch(self, context: str) -> None:
        self._context = context
        self._coverage.switch_context(context)

    @functools.cache  # noqa: B019 (there is one of it)
    def of_file(self, path: Path) -> dict[int, set[str]]:
        """The tests that execute each line of a file."""
        lines = self._coverage.get_data().contexts_by_lineno(str(path.resolve()))
        return {
            line: {test for name in names for test in self._users.get(name, [name])}
            for line, names in lines.items()
        }

    @functools.cached_property
    def widths(self) -> Counter[str]:
        """How many modules each test executes: few are a sign that it is about them."""
        return Counter(
            test
            for module in _modules()
            for test in set().union(*self.of_file(module).values())
        )

    def of_lines(self, path: Path, numbers: range) -> set[str]:
        """The tests that execute one of these lines."""
        lines = self.of_file(path)
        return set().union(*(lines.get(number, ()) for number in numbers))

    def of_names(self, names: set[str]) -> set[str]:
        """The tests that execute a line with such a name, or have it in their file."""
        word = re.compile(rf"\b({'|'.join(_with_users(names)) or '$.'})\b")
        found = set()
        for module in _modules():
            for number, text in enumerate(module.read_text().split("\n"), 1):
                if word.search(text):
                    found |= self.of_file(module).get(number, set())
        files = {test.partition("::")[0] for test in self.seconds}
        named = {file for file in files if word.search(Path(file).read_text())}
        return found | {t for t in self.seconds if t.partition("::")[0] in named}


def _modules() -> list[Path]:
    return [path for name in PACKAGES for path in Path(name).rglob("*.py")]


def _with_users(names: set[str]) -> set[str]:
    """These names, and those that modules make of them when they are imported."""
    found = set(names)
    for statement in _assignments() * 3:
        if found & {node.id for node in ast.walk(statement) if _is_name(node)}:
            found |= {
                node.id for node in ast.walk(statement) if _is_name(node, ast.Store)
            }
    return found


def _is_name(node: ast.AST, context: type = ast.expr_context) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, context)


@functools.cache
def _assignments() -> list[ast.stmt]:
    trees = [ast.parse(path.read_text()) for path in _modules()]
    kinds = (ast.Assign, ast.AnnAssign)
    return [item for tree in trees for item in tree.body if isinstance(item, kinds)]


def own_caches() -> list:
    """The caches of the code under test: what they remember hides a mutant."""
    found = (o for o in gc.get_objects() if isinstance(o, functools._lru_cache_wrapper))
    return [cache for cache in found if cache.__module__.startswith(PACKAGES)]


def passes(item: pytest.Item, after: pytest.Item | None) -> bool:
    """Run one test; whether it passes."""
    failed = item.session.testsfailed
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
    return item.session.testsfailed == failed
