"""Every command's usual way: exit code 0, results on stdout, progress on stderr."""

import json
import re
from pathlib import Path

import pytest

import cli
from ledger.events.erasure import ErasureCertified
from ledger.events.optout import SiteRegistered, UrlScanned
from ledger.events.training import RunFinished
from producers.demo.site import running_site
from producers.optout.net.resolve import Endpoint
from tests.unit.cli.shell import Shell
from tests.unit.workspace.office import (
    BASE_TEXT,
    PEOPLE,
    RECORDS,
    Office,
    jsonl,
    leaks,
    secrets_of,
)
from verifier import verify


@pytest.fixture
def empty(tmp_path, capsys):
    """A shell without a workspace."""
    return Shell(capsys, tmp_path / "acme")


@pytest.fixture
def file(tmp_path):
    """An input file."""
    (tmp_path / "in.jsonl").write_bytes(jsonl(RECORDS))
    return tmp_path / "in.jsonl"


def run_of(office):
    """Id of the newest run."""
    return office.events(RunFinished)[-1].run_id


def test_the_whole_way(empty, file, tmp_path):
    """From nothing to a certificate, with the commands alone."""
    pytest.importorskip("torch")
    (tmp_path / "base.txt").write_bytes(BASE_TEXT)
    made = empty.run("init", empty.folder, "--shards", 2, "--slices", 2)
    vkey = made.out.strip()
    steps = [
        empty.w("ingest", file),
        empty.w("train", "--base-text", tmp_path / "base.txt"),
        empty.w("erase", "s-1"),
        empty.run("verify", empty.folder, "--root", vkey),
    ]

    assert [0] * 5 == [made.code, *(one.code for one in steps)]
    assert re.fullmatch(r"acme\.invalid/root\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}", vkey)
    assert "accepted  10\n" in steps[0].out
    assert re.fullmatch(r"[0-9a-f]{32}\n", steps[1].out)
    assert "certificate " in steps[2].out
    assert "L1 authentic" in steps[3].out
    Office(folder=empty.folder, vkey=vkey).check()


def test_init_options(empty, tmp_path):
    """Origin, jurisdictions and shape are settings; the root key lies elsewhere."""
    made = empty.run(
        *("init", empty.folder, "--origin", "example.org/log"),
        *("--jurisdiction", "uk", "--shards", 7, "--slices", 1),
        *("--root-out", tmp_path / "safe"),
    )
    settings = (empty.folder / "tuneledger.toml").read_text()

    assert 0 == made.code
    assert made.out.startswith("example.org/log/root+")
    assert 'jurisdictions = ["uk"]\nshards = 7\nslices = 1\n' in settings
    assert (tmp_path / "safe" / "root.pem").exists()
    assert "can rewrite" not in made.err


def test_init_says_who_can_rewrite(empty):
    """A root key inside of the folder is pointed out, on stderr."""
    made = empty.run("init", empty.folder)

    assert "the root key lies in keys/" in made.err
    assert 1 == len(made.out.splitlines())


JSON = {
    "status": ["status"],
    "status-subjects": ["status", "--subjects"],
    "summary": ["summary"],
    "log": ["log"],
    "log-last": ["log", "--last", "2"],
    "show": ["show", "0.0"],
    "erase": ["erase", "s-1", "--no-prove"],
}


@pytest.mark.parametrize("command", JSON.values(), ids=JSON)
def test_json_is_one_document(shell, command):
    """Stdout holds one JSON object with its schema, and nothing else."""
    ran = shell.w(*command, "--json")

    assert 0 == ran.code
    assert ran.json()["schema"].startswith("tuneledger.")


@pytest.mark.parametrize("command", JSON.values(), ids=JSON)
def test_text_is_lines(shell, command):
    """Without --json stdout is for people."""
    ran = shell.w(*command)

    assert 0 == ran.code
    assert ran.out.strip()
    assert not ran.out.startswith("{")


def test_verify_json(shell, trained):
    """Verdict and findings in one document."""
    ran = shell.run("verify", trained.folder, "--root", trained.vkey, "--json")

    assert 0 == ran.code
    assert isinstance(ran.json(), dict)


def test_verify_takes_folder_file_and_key_file(shell, trained, tmp_path):
    """A workspace, a ledger file; root keys from a file, one a line."""
    (tmp_path / "roots").write_text(f"\n{trained.vkey}\n")
    ledger = trained.folder / "acme.ledger"

    assert [0, 0] == [
        shell.run("verify", path, "--root", f"@{tmp_path / 'roots'}").code
        for path in (trained.folder, ledger)
    ]


def test_verify_without_a_root(shell, trained):
    """7 where no root is pinned, 0 where only level 0 was asked for."""
    assert 7 == shell.run("verify", trained.folder).code
    assert 0 == shell.run("verify", trained.folder, "--level", 0).code


def test_status_says_what_stands(shell, trained):
    """Shards, runs, the one-third rule and erasures."""
    trained.erase("jane", retrain=False)
    ran = shell.w("status")
    document = shell.w("status", "--json").json()

    for word in ("shard 0", "shard 1", "NEEDS RETRAIN", "one-third rule", "to do: "):
        assert word in ran.out
    assert {"accepted"} == document["decisions"].keys()
    assert [False] == [one["certified"] for one in document["erasures"]]
    assert "subjects" not in document


def test_status_masks_subjects(shell):
    """Local aliases and first letters."""
    subjects = shell.w("status", "--subjects", "--json").json()["subjects"]

    assert {"alias": "s-1", "identifier": "j***@e***.org", "records": 2} == subjects[0]
    assert len(PEOPLE) == len(subjects)


def test_log_is_filtered(shell):
    """By stream, by type and to the last events."""
    everything = shell.w("log", "--json").json()["events"]
    streams = shell.w("log", "--stream", "ingest", "--json").json()["events"]
    types = shell.w("log", "--type", "training.run_", "--json").json()["events"]
    last = shell.w("log", "--last", "3", "--json").json()["events"]

    assert {"ingest"} == {one["stream"] for one in streams}
    assert len(RECORDS) == len(streams)
    assert {
        "training.run_key_certified.v1",
        "training.run_started.v1",
        "training.run_finished.v1",
    } == {one["event"]["type"] for one in types}
    assert everything[-3:] == last


def test_show_leads_to_the_signature(shell, trained):
    """The path from the event's leaf reaches the signed root."""
    document = shell.w("show", "2.1", "--json").json()

    assert "2.1" == document["event_id"]
    assert document["events_root"] in document["submission"]
    assert document["signed_by"] == ["example.org/acme/ingest"]
    assert document["checkpoint"].startswith("example.org/acme\n")


def test_show_and_log_read_a_ledger_file(shell, trained):
    """`-w` takes a `.ledger` file too."""
    path = trained.folder / "acme.ledger"

    assert 0 == shell.run("log", "-w", path).code
    assert 0 == shell.run("show", "0.0", "-w", path).code
    assert 0 == shell.run("status", "-w", path).code


def test_erase_then_retrain(shell, trained):
    """`--no-retrain` waits with exit code 4; `retrain` finishes."""
    waiting = shell.w("erase", "s-1", "--no-retrain", "--ground", "objection")
    finished = shell.w("retrain")
    nothing = shell.w("retrain")

    assert [4, 0, 0] == [waiting.code, finished.code, nothing.code]
    assert "to do: retrain shard" in waiting.out
    assert 1 == len(trained.events(ErasureCertified))
    assert "no erasure is open" in nothing.err
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


@pytest.mark.parametrize("who", [PEOPLE["bob"], "BOB@builders.example", "s-2"])
def test_erase_by_identifier_or_alias(shell, who):
    """The same person, the same certificate, as often as it is asked for."""
    documents = [shell.w("erase", who, "--json", "--no-prove").json() for _ in range(2)]

    assert documents[0] == documents[1]
    assert documents[0]["certified"]
    assert [] == documents[0]["outstanding"]
    assert json.loads(Path(documents[0]["certificate"]).read_bytes())


def test_attest_and_verify_bundle(shell, trained, tmp_path):
    """A run's evidence verifies offline, with the adapters and without."""
    out = tmp_path / "bundle"
    attested = shell.w("attest", run_of(trained), "--out", out)
    models = tmp_path / "models"
    exported = shell.w("models", "export", run_of(trained), "--out", models)
    checks = [
        shell.run("verify-bundle", out, "--root", trained.vkey, *more)
        for more in ([], ["--models", models], ["--json"])
    ]

    assert [0, 0] == [attested.code, exported.code]
    assert [0, 0, 0] == [one.code for one in checks]
    assert sorted(attested.out.split()) == sorted(
        str(path) for path in out.rglob("*") if path.is_file()
    )
    assert isinstance(checks[2].json(), dict)


def test_ingest_waits_for_a_person(shell, tmp_path):
    """An unclear licence is pending: exit code 4."""
    (tmp_path / "one.jsonl").write_bytes(
        jsonl([{**RECORDS[0], "id": "new", "licence": "ask the author"}])
    )
    ran = shell.w("ingest", tmp_path / "one.jsonl")

    assert 4 == ran.code
    assert "pending   1\n" in ran.out
    assert "  licence_unclear  1\n" in ran.out


def test_ingest_from_stdin(shell, monkeypatch, tmp_path):
    """`-` reads what is piped in."""
    (tmp_path / "one.jsonl").write_bytes(jsonl([{**RECORDS[0], "id": "new"}]))
    with (tmp_path / "one.jsonl").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert 0 == shell.w("ingest", "-").code


def test_ingest_for_another_jurisdiction(shell, tmp_path, trained):
    """The choice is adopted as a policy of its own."""
    (tmp_path / "one.jsonl").write_bytes(jsonl([{**RECORDS[0], "id": "new"}]))

    assert 0 == shell.w("ingest", tmp_path / "one.jsonl", "--jurisdiction", "uk").code
    trained.check()


def test_progress_is_on_stderr(shell):
    """A pipeline reads stdout; a person watches stderr."""
    ran = shell.w("train")

    assert re.fullmatch(r"[0-9a-f]{32}\n", ran.out)
    assert "shard 0, slice 1: " in ran.err


@pytest.fixture
def site():
    """Every host is played by a loopback server."""
    with running_site() as running:

        def resolve(_host, _port, _scheme):
            return Endpoint(address=running.address, port=running.port, scheme="http")

        yield resolve


def test_scan(shell, trained, site):
    """0 where everything is allowed, 3 where one verdict is not; names stay private."""
    clear = shell.w("scan", "https://clear.example/page.html", obj=site)
    mixed = shell.w(
        "scan",
        "https://clear.example/a.html",
        "https://disallow.example/b.html",
        obj=site,
    )

    assert 0 == clear.code, clear
    assert clear.out.startswith("allowed ")
    assert 3 == mixed.code
    assert 2 == len(mixed.out.splitlines())
    assert 3 == len(trained.events(UrlScanned))
    assert 2 == len(trained.events(SiteRegistered))
    assert [] == leaks(trained.folder, [b"clear.example", b"page.html"], but={".vault"})
    trained.check()


def test_scanned_records_are_summed_up_by_name(shell, trained, site, tmp_path):
    """What the vault adds to the summary: host names of the sites."""
    page = {
        **RECORDS[0],
        "id": "page",
        "url": "https://clear.example/p.html",
        "licence": "",
    }
    (tmp_path / "one.jsonl").write_bytes(jsonl([page]))
    ingested = shell.w(
        "ingest", tmp_path / "one.jsonl", "--jurisdiction", "eu", obj=site
    )
    shell.w("train")
    summed = shell.w("summary", "--sme")

    assert 0 == ingested.code, ingested
    assert "scan_clear" in ingested.out
    assert 0 == summed.code
    assert "clear.example" in summed.out


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_help_and_version(empty, arguments):
    """On stdout, exit code 0."""
    ran = empty.run(*arguments)

    assert 0 == ran.code
    assert "tuneledger" in ran.out
    assert "" == ran.err


@pytest.mark.parametrize("name", sorted(cli.app.commands))
def test_every_command_has_help(empty, name):
    """With a first line that says what it does."""
    ran = empty.run(name, "--help")

    assert 0 == ran.code
    assert ran.out.startswith(f"Usage: tuneledger {name} ")


def test_no_command(empty):
    """Help, but usage is not met."""
    ran = empty.run()

    assert 2 == ran.code
    assert "Commands:" in ran.err


def test_the_workspace_comes_from_the_environment(shell, trained, monkeypatch):
    """TUNELEDGER_WORKSPACE, or the current folder."""
    monkeypatch.setenv("TUNELEDGER_WORKSPACE", str(trained.folder))
    assert 0 == shell.run("status").code
    monkeypatch.delenv("TUNELEDGER_WORKSPACE")
    monkeypatch.chdir(trained.folder)
    assert 0 == shell.run("status").code


def test_keys_under_a_passphrase(empty, file, monkeypatch):
    """Taken from the environment, by every command that signs."""
    monkeypatch.setenv("TUNELEDGER_PASSPHRASE", "correct horse")
    vkey = empty.run("init", empty.folder).out.strip()

    assert b"ENCRYPTED" in (empty.folder / "keys" / "log.pem").read_bytes()
    assert 0 == empty.w("ingest", file).code
    assert 0 == verify(empty.folder / "acme.ledger", root_keys=[vkey]).exit_code
