"""`tuneledger witness` and `tuneledger timestamp`, as they are typed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from ledger.errors import InputError
from ledger.witness.service import Witness
from ledger.witness.state import WitnessState
from producers.anchoring import witness_client
from producers.anchoring.witness_client import latest
from tests.crash.killing import ROOT
from tests.unit.anchors.authority import AnsweringServer, Authority
from tests.unit.anchors.toylog import NOW_S
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.ledger.workshop import (
    ORIGIN,
    adopted,
    new_workspace,
    open_ledger,
    role_key,
)

NAME = "example.com/w1"


@pytest.fixture
def shell(workspace, capsys):
    """A shell in a workspace."""
    return Shell(capsys, workspace)


@pytest.fixture
def office(tmp_path, shell, workspace):
    """A witness's folder that knows the workspace's log; its vkey is beside it."""
    folder = tmp_path / "w"
    vkey = shell.run("witness", "init", folder, "--name", NAME).out
    (tmp_path / "w.vkey").write_text(vkey)
    log_key = str(role_key(workspace, "log").verifier)
    assert 0 == shell.run("witness", "add-log", folder, log_key).code
    return folder


@pytest.fixture
def vkey(office):
    """The option that names the witness's key."""
    return ("--vkey", f"@{office}.vkey")


def append(folder, tokens=0):
    """One more checkpoint."""
    with open_ledger(folder) as ledger:
        ledger.append([adopted(tokens)], stream="policy")


def lines_in(folder):
    """The stored cosignatures."""
    with open_ledger(folder) as ledger:
        return list(ledger.anchors("cosignature"))


def test_init_prints_the_key(tmp_path, shell):
    """The one line on stdout is the vkey in the folder."""
    ran = shell.run("witness", "init", tmp_path / "w", "--name", NAME)

    assert (0, (tmp_path / "w" / "witness.vkey").read_text()) == (ran.code, ran.out)
    check_one_error(
        shell.run("witness", "init", tmp_path / "w", "--name", NAME), 8, "not empty"
    )


def test_by_hand(shell, office, vkey, tmp_path):
    """Request file, cosignature, back into the ledger; then the same for more."""
    for round_, old_size in enumerate((0, 1)):
        request, line = tmp_path / f"r{round_}", tmp_path / f"l{round_}"
        asked = shell.w("witness", "request", "--old", old_size, "--out", request)
        cosigned = shell.run("witness", "cosign", office, request)
        line.write_text(cosigned.out)
        added = shell.w("witness", "add", line, *vkey)
        append(shell.folder)

        assert [0, 0, 0] == [ran.code for ran in (asked, cosigned, added)]
        assert f"cosigned size {round_ + 1} at " in added.out
    assert [1, 2] == [size for size, _ in lines_in(shell.folder)]


def test_the_request_tells_the_log_key(shell, tmp_path):
    """Whoever carries the request learns which key the witness must know."""
    ran = shell.w("witness", "request", "--out", tmp_path / "r")

    assert str(role_key(shell.folder, "log").verifier) in ran.err


def request_file(shell, path, old_size=0, *options):
    """Write a request file."""
    ran = shell.w("witness", "request", "--old", old_size, "--out", path, *options)
    assert 0 == ran.code, ran
    return path


def test_cosign_conflict(shell, office, tmp_path):
    """8, with the size that was cosigned last, where it is not the one named."""
    request = request_file(shell, tmp_path / "r")
    shell.run("witness", "cosign", office, request)
    append(shell.folder)

    check_one_error(
        shell.run("witness", "cosign", office, request_file(shell, tmp_path / "s")),
        8,
        "expected the last cosigned size 1, found 0",
    )


def test_cosign_fork(shell, office, tmp_path):
    """1, and both checkpoints are shown."""
    other = new_workspace(tmp_path / "fork" / "acme")
    append(other, tokens=9)
    append(shell.folder)
    for folder, name in ((shell.folder, "r"), (other, "s")):
        shell.folder = folder
        request_file(shell, tmp_path / name)
    shell.run("witness", "cosign", office, tmp_path / "r")
    body = (tmp_path / "s").read_bytes().replace(b"old 0\n", b"old 2\n")
    (tmp_path / "s").write_bytes(body)
    ran = shell.run("witness", "cosign", office, tmp_path / "s")

    check_one_error(ran, 1, "another root was cosigned at size 2")
    assert 2 == ran.out.count(f"{ORIGIN}\n2\n")
    assert 2 == len(set(re.findall(rf"{ORIGIN}\n2\n(\S+)\n", ran.out)))


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        pytest.param(7, lambda body: body.replace(b"org/acme", b"org/x"), id="log"),
        pytest.param(7, lambda body: body[:-9] + b"AAAAAAA=\n", id="signature"),
        pytest.param(2, lambda body: b"old 00" + body[5:], id="malformed"),
        pytest.param(2, lambda body: b"", id="empty"),
        pytest.param(2, lambda body: body + b"x" * 80_000, id="long"),
    ],
)
def test_cosign_refused(shell, office, tmp_path, code, spoil):
    """7 for an unknown log or a missing signature, 2 for what is no request."""
    request = request_file(shell, tmp_path / "r")
    request.write_bytes(spoil(request.read_bytes()))
    ran = shell.run("witness", "cosign", office, request)

    check_one_error(ran, code, "")
    assert "" == ran.out


def test_no_such_file(shell, office, tmp_path):
    """A missing request is a mistake of usage; a missing witness is none."""
    check_one_error(
        shell.run("witness", "cosign", office, tmp_path / "none"), 2, "cannot be read"
    )
    request = request_file(shell, tmp_path / "r")
    check_one_error(
        shell.run("witness", "cosign", tmp_path / "none", request), 6, "no witness"
    )


def test_a_request_never_overwrites(shell, tmp_path):
    """An existing file stays."""
    request_file(shell, tmp_path / "r")

    check_one_error(
        shell.w("witness", "request", "--out", tmp_path / "r"), 8, "never overwritten"
    )


def test_add_refuses_others(shell, office, vkey, tmp_path):
    """A line of another witness is not kept."""
    shell.run("witness", "init", tmp_path / "x", "--name", "example.com/x")
    log_key = str(role_key(shell.folder, "log").verifier)
    shell.run("witness", "add-log", tmp_path / "x", log_key)
    request = request_file(shell, tmp_path / "r")
    line = tmp_path / "line"
    line.write_text(shell.run("witness", "cosign", tmp_path / "x", request).out)

    check_one_error(shell.w("witness", "add", line, *vkey), 7, "no cosignature of")
    assert [] == lines_in(shell.folder)


def test_add_log_refused(shell, office, vkey):
    """A witness's key is no log's; nor is its own public key under another type."""
    check_one_error(shell.run("witness", "add-log", office, vkey[1]), 2, "verifier key")


PRIVATE = (
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n"
    "-----END PRIVATE KEY-----"
)


@pytest.mark.parametrize("separator", [(), ("--",)], ids=["an option", "a value"])
def test_a_private_key_given_by_mistake(shell, office, separator):
    """No part of it is repeated, for messages end in logs."""
    ran = shell.run("witness", "add-log", *separator, office, PRIVATE)

    check_one_error(ran, 2, "the argument: ")
    assert "BEGIN" not in ran.err
    assert "MC4CAQ" not in ran.err


def test_a_private_key_in_place_of_a_vkey(shell, office):
    """The value of an option is not repeated either."""
    ran = shell.w("witness", "add", office / "witness.vkey", "--vkey", PRIVATE)

    check_one_error(ran, 2, "the argument: witness key: ")
    assert "MC4CAQ" not in ran.err


def test_submit(shell, office, vkey, serve):
    """The cosignature is asked for, verified and stored, each time for the newest."""
    url = serve(Witness(WitnessState(office), clock_s=lambda: NOW_S)).url
    first = shell.w("witness", "submit", url, *vkey)
    for tokens in range(2):
        append(shell.folder, tokens)
    second = shell.w("witness", "submit", url, *vkey)

    assert [0, 0] == [first.code, second.code]
    assert "cosigned size 3 at 2026-09-21T14:13:20Z" in second.out
    assert [1, 3] == [size for size, _ in lines_in(shell.folder)]


def test_submit_under_another_key(shell, office, serve, tmp_path):
    """7 where the answer is not of the key that we were told; nothing is stored."""
    url = serve(Witness(WitnessState(office), clock_s=lambda: NOW_S)).url
    other = shell.run("witness", "init", tmp_path / "x", "--name", NAME).out.strip()

    check_one_error(
        shell.w("witness", "submit", url, "--vkey", other), 7, "no cosignature of"
    )
    assert [] == lines_in(shell.folder)


def test_submit_unknown_log(shell, serve, tmp_path):
    """7, and the key that the witness should be given is shown."""
    state = WitnessState.create(tmp_path / "x", NAME, b"x" * 32)
    url = serve(Witness(state, clock_s=lambda: NOW_S)).url
    ran = shell.w("witness", "submit", url, "--vkey", str(state.key))

    check_one_error(ran, 7, "404")
    assert str(role_key(shell.folder, "log").verifier) in ran.err


def test_submit_fork(shell, office, vkey, serve, tmp_path):
    """1, and both checkpoints are shown, the witness's as it serves it."""
    url = serve(Witness(WitnessState(office), clock_s=lambda: NOW_S)).url
    append(shell.folder)
    shell.w("witness", "submit", url, *vkey)
    shell.folder = new_workspace(tmp_path / "fork" / "acme")
    append(shell.folder, tokens=9)
    ran = shell.w("witness", "submit", url, *vkey)

    check_one_error(ran, 1, "422")
    assert latest(url, ORIGIN).decode() in ran.out
    assert 2 == len(set(re.findall(rf"{ORIGIN}\n2\n(\S+)\n", ran.out)))


def test_submit_fork_and_then_silence(shell, office, vkey, serve, monkeypatch):
    """1 also where the witness does not show its side; ours is shown."""
    url = serve(Witness(WitnessState(office), clock_s=lambda: NOW_S)).url
    shell.w("witness", "submit", url, *vkey)
    other = new_workspace(shell.folder.parent / "fork" / "acme", "another")
    shell.folder = other

    def refuse(*_):
        message = "did not answer"
        raise InputError(message)

    monkeypatch.setattr(witness_client, "latest", refuse)
    log_key = str(role_key(other, "log").verifier)
    assert 0 == shell.run("witness", "add-log", office, log_key).code
    ran = shell.w("witness", "submit", url, *vkey)

    check_one_error(ran, 1, "422")
    assert f"{ORIGIN}\n1\n" in ran.out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve(shell, office, vkey, number):
    """It says where it listens, answers, and stops cleanly on both signals."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cli",
            "witness",
            "serve",
            office,
            "--listen",
            "127.0.0.1:0",
            "--prefix",
            "/w",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = child.stdout.readline().strip().rpartition(" ")[2]
        ran = shell.w("witness", "submit", url, *vkey)
        child.send_signal(number)
        said, told = child.communicate()
    finally:
        child.kill()
        child.wait()

    assert (0, 0, "", "stopped\n") == (ran.code, child.returncode, said, told)


@pytest.mark.parametrize("listen", ["", "localhost", ":80", "127.0.0.1:x", "h:65536"])
def test_listen_refused(shell, office, listen):
    """An address is HOST:PORT."""
    check_one_error(
        shell.run("witness", "serve", office, "--listen", listen), 2, "HOST:PORT"
    )


needs_authority = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl on this machine"
)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A time-stamping authority."""
    pytest.importorskip("rfc3161_client")
    return Authority(tmp_path_factory.mktemp("tsa") / "a")


@needs_authority
def test_timestamp_by_hand(shell, authority, tmp_path):
    """Request file, reply, back into the ledger, also when it has grown."""
    query = tmp_path / "q.tsq"
    asked = shell.w("timestamp", "request", "--out", query)
    (tmp_path / "r.tsr").write_bytes(authority.reply(query.read_bytes()))
    append(shell.folder)
    added = shell.w("timestamp", "add", tmp_path / "r.tsr")

    assert [0, 0] == [asked.code, added.code]
    assert "stamped size 1 at 20" in added.out
    with open_ledger(shell.folder) as ledger:
        assert [(tmp_path / "r.tsr").read_bytes()] == ledger.timestamps(1)


@needs_authority
def test_openssl_verifies_what_is_stored(shell, authority, tmp_path):
    """Another program verifies the stored reply over the stored checkpoint."""
    query = tmp_path / "q.tsq"
    shell.w("timestamp", "request", "--no-nonce", "--out", query)
    (tmp_path / "r.tsr").write_bytes(authority.reply(query.read_bytes()))
    shell.w("timestamp", "add", tmp_path / "r.tsr")
    with open_ledger(shell.folder) as ledger:
        (tmp_path / "note").write_bytes(ledger.checkpoint_note(cosigned=False))
        (tmp_path / "stored").write_bytes(ledger.timestamps(1)[0])

    authority.run(
        *("ts", "-verify", "-data", tmp_path / "note", "-in", tmp_path / "stored"),
        *("-CAfile", authority.root),
    )


@needs_authority
def test_timestamp_add_refused(shell, authority, tmp_path):
    """1 for a stamp on something else, and for what is no reply."""
    other = authority.query(b"something else", "-sha256")
    for content in (authority.reply(other), b"x"):
        (tmp_path / "r.tsr").write_bytes(content)
        check_one_error(
            shell.w("timestamp", "add", tmp_path / "r.tsr"), 2, "time stamp"
        )


@pytest.fixture
def authority_server(authority):
    """A function that starts an authority's server; stopped at the end."""
    running = []

    def start(answer):
        server = AnsweringServer(answer)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        running.append((server, thread))
        return server.url

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


REPLY = "application/timestamp-reply"


@needs_authority
def test_timestamp_submit(shell, authority, authority_server):
    """Over HTTP, for the newest checkpoint or the one that is named."""
    append(shell.folder)
    url = authority_server(lambda query: (200, REPLY, authority.reply(query)))
    answers = [
        shell.w("timestamp", "submit", url, *options)
        for options in ((), ("--size", "1"))
    ]

    assert [0, 0] == [ran.code for ran in answers]
    with open_ledger(shell.folder) as ledger:
        assert [2, 1] == [size for size, _ in ledger.anchors("timestamp")]


@needs_authority
def test_timestamp_submit_replayed(shell, authority, authority_server, tmp_path):
    """A reply to an earlier request is refused by its nonce."""
    shell.w("timestamp", "request", "--out", tmp_path / "q")
    old = authority.reply((tmp_path / "q").read_bytes())
    url = authority_server(lambda query: (200, REPLY, old))

    check_one_error(shell.w("timestamp", "submit", url), 2, "nonce")


def test_without_the_extra(shell, tmp_path):
    """The extra's name is in the message where the package is missing."""
    script = (
        "import sys; sys.modules['rfc3161_client'] = None; import cli; "
        "sys.exit(cli.invoke(sys.argv[1:]))"
    )
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            script,
            "timestamp",
            "request",
            "--out",
            "q",
            "-w",
            str(shell.folder),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == ran.returncode
    assert "tuneledger[timestamps]" in ran.stderr
