"""The commands flops import and hosted: others' figures, kept and told apart."""

import json

import pytest

from ledger.events.model import ComputeAttested, HostedRunRecorded
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.workspace.office import new_office

STATE = {"total_flos": 1.5e9, "global_step": 4, "num_input_tokens_seen": 64}
HOSTED = (
    *("hosted", "record", "--model-name", "acme-hosted", "--vendor", "example-ai"),
    *("--base", "example-7b", "--vendor-model", "ft:1", "--tokens", "2e6"),
)


@pytest.fixture
def bare(tmp_path, capsys):
    """A workspace without records, and a shell in it."""
    return new_office(tmp_path / "acme"), Shell(capsys, tmp_path / "acme")


@pytest.fixture
def terms(tmp_path):
    path = tmp_path / "terms.html"
    path.write_bytes(b"<p>terms</p>")
    return path


def test_import(bare, tmp_path):
    """The file is kept, and its figure stands beside what was measured."""
    office, shell = bare
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps(STATE))
    ran = shell.w("flops", "import", path, "--model-name", "acme")
    [event] = office.events(ComputeAttested)
    with office.open() as workspace:
        kept = workspace.evidence.get(event.file_sha256)
    status = shell.w("status").out
    audit = shell.run("flops", "audit", shell.folder)
    office.check()

    assert (0, event.attestation_id) == (ran.code, ran.out.strip())
    assert path.read_bytes() == kept
    assert ("1500000000", "4", "64") == (event.flop, event.steps, event.tokens)
    assert "attested   acme: 1.5e+09 FLOP" in status
    assert "0 hosted trainings and 1 attested figures" in audit.out


def test_import_of_another_file(bare, tmp_path):
    """A file of another kind is refused, and a run that is not here."""
    _, shell = bare
    path = tmp_path / "any.json"
    path.write_text("{}")
    other = shell.w("flops", "import", path, "--model-name", "acme")
    path.write_text(json.dumps(STATE))
    stray = shell.w("flops", "import", path, "--model-name", "acme", "--run", "0" * 32)

    check_one_error(other, 2, "expected total_flos")
    check_one_error(stray, 2, "expected a run of this ledger")


@pytest.mark.parametrize(
    ("options", "estimate", "flop"),
    [
        (("--parameters", "7e9"), "six_n_d", str(6 * 7 * 10**9 * 2 * 10**6)),
        (("--flop", "5e20"), "vendor_stated", "5" + "0" * 20),
        ((), "none", ""),
    ],
    ids=["6ND", "stated", "not-known"],
)
def test_hosted(bare, terms, options, estimate, flop):
    """The estimate says how it was made, and the terms are kept."""
    office, shell = bare
    ran = shell.w(*HOSTED, "--terms", terms, *options)
    [event] = office.events(HostedRunRecorded)
    listed = json.loads(shell.w("hosted", "list", "--json").out)["hosted"]
    with office.open() as workspace:
        kept = workspace.evidence.get(event.terms_sha256)
    office.check()

    assert (0, event.hosted_id) == (ran.code, ran.out.strip())
    assert (estimate, flop) == (event.estimate, event.flop)
    assert [("estimated", flop)] == [(one["grade"], one["flop"]) for one in listed]
    assert b"<p>terms</p>" == kept
    assert "by an estimate" in shell.w("status").out
