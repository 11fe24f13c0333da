"""docs/optout.md says what the scan commands print."""

import re

import pytest

from producers.demo import site as demo
from producers.optout.net.resolve import Endpoint
from producers.optout.vocabulary.causes import CAUSES
from tests.docs.blocks import ROOT, blocks
from tests.unit.cli.desk import Desk
from tests.unit.cli.shell import Shell, write
from tests.unit.workspace.office import jsonl, new_office, record

OPTOUT = ROOT / "docs/optout.md"
HEAD = re.compile(r"^\| field of `(tuneledger\.[a-z]+/1)` \| holds \|$")
PAGE = "https://clear.example/a.html"
UNCLEAR, RESERVED = (("tdm-reservation", "maybe"),), (("tdm-reservation", "1"),)


def documented():
    """Schema to the fields that its table names."""
    found = {}
    fields = None
    for line in OPTOUT.read_text("utf-8").splitlines():
        if head := HEAD.match(line):
            fields = found[head[1]] = []
        elif not line.startswith("|"):
            fields = None
        elif fields is not None and line.startswith("| `"):
            fields += re.findall(r"`([^`]+)`", line.split("|")[1])
    return found


def printed(value, fields, path=""):
    """The paths of a document; what has no documented part is a leaf."""
    if path and not any(one.startswith((f"{path}.", f"{path}[")) for one in fields):
        return {path}
    paths = {path} if path else set()
    if isinstance(value, dict):
        for key, part in value.items():
            paths |= printed(part, fields, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            for key, inner in part.items():
                paths |= printed(inner, fields, f"{path}[].{key}")
    return paths


@pytest.fixture
def desk(tmp_path, capsys):
    """A shell in an empty workspace whose scans reach a loopback server."""
    office = new_office(tmp_path / "acme")
    with demo.running_site() as running:

        def resolve(_host, _port, _scheme):
            return Endpoint(address=running.address, port=running.port, scheme="http")

        yield Desk(Shell(capsys, office.folder), resolve, tmp_path)


@pytest.fixture
def say(monkeypatch):
    """Lets `clear.example` say something new in its pages' headers."""

    def change(headers):
        said = demo.SitePolicy(page_headers=headers)
        monkeypatch.setitem(demo.POLICIES, "clear", said)

    return change


def commands(desk, say):
    """Run what fills every list of every document; yield the documents."""
    say(UNCLEAR)
    yield desk.w("scan", "--json", PAGE).json()
    listed = desk.w("review", "list", "--json").json()
    yield listed
    desk.w("review", "decide", listed["scans"][0]["scan_id"], "--clear")
    desk.ingest(record("a", "A text.", url=PAGE, licence="", source="web"))
    yield desk.w("scan", "--json", PAGE).json()
    say(RESERVED)
    yield desk.w("rescan", "--json").json()
    desk.w(
        *("licence", "add", "--spdx", "MIT", "--permit", "train"),
        *("--jurisdiction", "eu", "--ends", "2099-12-31"),
    )
    yield desk.w("licence", "list", "--json").json()


def test_the_documented_fields_are_the_printed_ones(desk, say):
    """Each field of each document has its place in a table, and no other has."""
    tables = documented()
    found = {}
    for document in commands(desk, say):
        schema = document["schema"]
        found.setdefault(schema, set()).update(printed(document, tables[schema]))

    assert {schema: set(fields) for schema, fields in tables.items()} == found


def test_the_exit_codes_of_ingest(desk, tmp_path):
    """A bad line is 5 and the others are decided; with --strict it is 2."""
    good = jsonl([record("a", "A text.", url="", licence="MIT")])
    file = write(tmp_path / "in", b"{}\n" + good)
    text = OPTOUT.read_text("utf-8")

    ran = desk.w("ingest", file)
    assert (5, True) == (ran.code, ran.out.startswith("accepted  1\n"))
    assert 2 == desk.w("ingest", file, "--strict").code
    assert "\n`ingest` exits with 5 where a line is no record, and the other" in text
    assert "| with `--strict`, a line is no record: those before it are" in text


def test_the_exit_codes_of_a_revocation(desk):
    """As the table and the line below it say: 0, then 8; 2 for an unknown licence."""
    add = ("--spdx", "MIT", "--permit", "train", "--jurisdiction", "eu")
    added = desk.w("licence", "add", *add, "--ends", "2099-12-31").out.strip()
    codes = [desk.w("licence", "revoke", one).code for one in (added, added, "0" * 32)]
    text = OPTOUT.read_text("utf-8")

    assert [0, 8, 2] == codes
    assert "| `licence revoke` | the licence is revoked" in text
    assert "`licence revoke` exits with 8 where" in text


def test_the_resolver_of_the_page():
    """The block of the page makes options as they are described."""
    [block] = [one for one in blocks("docs/optout.md") if one.language == "python"]
    names = {}
    exec(block.text, names)

    assert 0 == names["options"].spacing_s
    assert 8000 == names["options"].resolver("a.example", 443, "https").port


@pytest.mark.parametrize(("cause", "meaning"), CAUSES.items(), ids=CAUSES)
def test_every_cause_is_documented(cause, meaning):
    """The page's table has the word and what the scan says that it means."""
    assert f"\n| `{cause}` | {meaning} |\n" in OPTOUT.read_text("utf-8")
