"""What the pages say agrees with the code and with each other."""

import re
import subprocess
import sys

import click
import pytest

from cli import app
from tests.docs.blocks import PAGES, ROOT
from verifier.bundle.findings import BundleCode
from verifier.findings import Code

PACKAGES = ("ledger", "producers", "verifier")
SOURCES = [
    ROOT / "cli.py",
    *(file for name in PACKAGES for file in sorted((ROOT / name).rglob("*.py"))),
]
MACHINERY = [
    ROOT / name
    for name in (
        "Makefile",
        ".ci/run",
        "pyproject.toml",
        "constraints.txt",
        "tests/integrations.txt",
    )
]
LINES_MAX = 300

_RULE = re.compile(r"\b(?:CON|KEY|EVT|TRE|SUB|ENT|CHK|STO|XEV|BUN)-[1-9][0-9]*\b")
_DEFINITION = re.compile(r"^- \*\*([A-Z]+-[0-9]+)\*\*", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_MACHINE_PATH = re.compile(r"(?<![\w./{}-])/(?:work|root|home|Users|opt|mnt|tmp)/")


FOR_USERS = (
    "README.md",
    "docs/tutorial.md",
    "docs/auditing.md",
    "docs/optout.md",
    "docs/ingest.md",
    "docs/shards.md",
    "docs/vault.md",
    "docs/erasure.md",
    "docs/evaluation.md",
    "docs/flops.md",
    "docs/integrations.md",
    "docs/models.md",
    "docs/training.md",
)
"""Pages that say how to use the commands."""


def name_of(path):
    """The path inside the repository, as a test id."""
    return str(path.relative_to(ROOT))


def anchors(text):
    """The anchors of a page's headings, as forges make them."""
    found = set()
    for heading in _HEADING.findall(text):
        kept = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(kept.replace(" ", "-"))
    return found


def parameters():
    """Every command with each of its options and arguments."""
    for name, command in sorted(app.commands.items()):
        yield name, f"tuneledger {name}"
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                for spelling in (*parameter.opts, *parameter.secondary_opts):
                    yield name, spelling


@pytest.mark.parametrize(
    ("command", "text"), [*parameters()], ids=lambda value: value.replace(" ", "-")
)
def test_every_command_and_option_is_documented(command, text):
    """A page for users has each command and each spelling of its options."""
    said = "".join((ROOT / page).read_text("utf-8") for page in FOR_USERS)

    assert re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", said), command


def test_the_events_page_is_what_the_classes_say():
    """docs/events.md is the output of its script, byte for byte."""
    made = subprocess.run(
        [sys.executable, ROOT / "tests/tools/make_events_page.py"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert made.stdout == (ROOT / "docs/events.md").read_text("utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_every_rule_that_code_cites_exists(source):
    """Each rule id in the code is defined in spec.md or bundle.md."""
    pages = [ROOT / "docs/spec.md", ROOT / "docs/bundle.md"]
    defined = set()
    for page in pages:
        defined |= set(
            re.findall(r"^- \*\*([A-Z]+-[0-9]+)\*\*", page.read_text(), re.MULTILINE)
        )

    assert set() == set(_RULE.findall(source.read_text("utf-8"))) - defined


@pytest.mark.parametrize("code", [*Code], ids=str)
def test_every_finding_has_a_heading(code):
    """docs/findings.md has a section for each code of the ledger's verifier."""
    page = (ROOT / "docs/findings.md").read_text("utf-8")

    assert re.search(rf"^#+ {code}\b", page, re.MULTILINE)


@pytest.mark.parametrize("code", [*BundleCode], ids=str)
def test_every_bundle_finding_is_explained(code):
    """docs/bundle.md has a line for each code of a bundle."""
    assert f"| {code} |" in (ROOT / "docs/bundle.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Each relative link leads to a file, and its anchor to a heading."""
    lost = []
    for target in _LINK.findall(page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (
            anchor and anchor not in anchors(file.read_text("utf-8"))
        ):
            lost.append(target)

    assert [] == lost


@pytest.mark.parametrize("file", [*PAGES, *SOURCES, *MACHINERY], ids=name_of)
def test_nothing_names_a_place_of_one_machine(file):
    """No page and no source holds an absolute path of somebody's machine."""
    assert [] == _MACHINE_PATH.findall(file.read_text("utf-8"))


def test_readme_and_decisions_are_short():
    """The README has at most 100 lines, a decision at most 60."""
    long = {
        name_of(page): lines
        for page, limit in [
            (ROOT / "README.md", 100),
            *((page, 60) for page in sorted((ROOT / "docs/adr").glob("*.md"))),
        ]
        if (lines := page.read_text("utf-8").count("\n")) > limit
    }

    assert {} == long


def test_long_files_are_named_in_a_decision():
    """A source file of more than 300 lines stands in an ADR, with the reason."""
    said = "".join(page.read_text("utf-8") for page in (ROOT / "docs/adr").glob("*.md"))
    unnamed = [
        name_of(source)
        for source in SOURCES
        if source.read_text("utf-8").count("\n") > LINES_MAX
        and f"`{name_of(source)}`" not in said
    ]

    assert [] == unnamed
