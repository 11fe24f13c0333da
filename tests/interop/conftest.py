"""Conformance cases of other projects, read from the folder given by --cases."""

import json

import pytest


@pytest.fixture
def cases_dir(request):
    """The folder of cases; the test is skipped where none was given."""
    folder = request.config.getoption("--cases")
    if folder is None:
        pytest.skip("no --cases DIR given")
    return folder


def pytest_generate_tests(metafunc):
    """Expand `@pytest.mark.cases("file.json", "key")` into one test a case.

    Every case of the file becomes a test with the argument `case`. The optional
    second argument names the list inside a file that holds an object.
    """
    mark = metafunc.definition.get_closest_marker("cases")
    if mark is None:
        return
    folder = metafunc.config.getoption("--cases")
    cases = []
    if folder is not None and (folder / mark.args[0]).exists():
        content = json.loads((folder / mark.args[0]).read_text("utf-8"))
        cases = content[mark.args[1]] if len(mark.args) > 1 else content
    if not cases:
        reason = f"{mark.args[0]}: no --cases DIR that holds it"
        cases = [pytest.param(None, marks=pytest.mark.skip(reason=reason))]
    metafunc.parametrize("case", cases, ids=_name_of)


def _name_of(case):
    """The case's own id, so that a failure names it."""
    return case.get("id", case.get("desc")) if isinstance(case, dict) else None
