"""Plain C2SP tlog-proofs: what another project's tools make and read."""

import pytest

from ledger.export.receipt import encode_receipt
from ledger.format.checkpoint import parse_checkpoint
from ledger.log.ledger import Ledger
from tests.simulator import Key, leaf, sign_note
from tests.unit.proofs.material import check, encoded
from verifier.proofs.tlog import TlogProofError, parse_tlog_proof
from verifier.trust.policy import load_policy


@pytest.fixture(scope="module")
def plain(material):
    """The tlog-proof of an entry, and the entry's bytes."""
    with Ledger.open(material.folder) as ledger:
        _, text = encode_receipt(ledger, f"{material.scan_seq}.0")
        return text, ledger.row(material.scan_seq).entry


@pytest.fixture(scope="module")
def policy(material):
    """The auditor's policy, with the log's key in its tlog-policy."""
    with Ledger.open(material.folder) as ledger:
        [log] = [str(one.verifier) for one in ledger.grants if one.role == "log"]
    return log_policy(material, log)


def log_policy(material, log):
    """A policy whose tlog-policy names this log key and asks for no time stamp."""
    folder = material.policy_file.parent
    (folder / "log.policy").write_text(
        f"log {log}\nwitness w1 {material.witness.vkey}\nquorum w1\n", "utf-8"
    )
    text = material.policy_file.read_text("utf-8")
    text = text.replace("witnesses.policy", "log.policy")
    text = text.replace('[timestamps]\nroots = ["tsa.pem"]\n', "")
    text += '[verdict]\nlevel = 3\nwaive = ["timed"]\n'
    path = folder / "log.toml"
    path.write_text(text, "utf-8")
    return load_policy(path)


def test_with_entry_and_policy(plain, policy, tmp_path):
    """Entry, log key and witness show that the log holds the entry: L3."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry)
    report = check(tmp_path, text, policy=policy, entry=tmp_path / "entry")

    assert (0, "L3") == (report.exit_code, report.verdict), report.as_text()
    assert "the checkpoint's signature by a log key of the policy" in report.checked


def test_without_the_entry(plain, policy, tmp_path):
    """Without the entry's bytes there is no leaf to check: exit code 5."""
    assert 5 == check(tmp_path, plain[0], policy=policy).exit_code


def test_without_a_policy(plain, tmp_path):
    """Without a log key the checkpoint vouches for itself: exit code 7."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry)

    assert 7 == check(tmp_path, text, entry=tmp_path / "entry").exit_code


def test_another_entry(plain, policy, tmp_path):
    """Other bytes than the entry's are no leaf of the tree: LV923."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry + b"\n")
    report = check(tmp_path, text, policy=policy, entry=tmp_path / "entry")

    assert (1, "LV923") == (report.exit_code, report.findings[0].code)


def test_another_log_key(material, plain, tmp_path):
    """A policy that names another log key does not accept the checkpoint."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry)
    policy = log_policy(material, Key("example.org/acme", "another").vkey)
    report = check(tmp_path, text, policy=policy, entry=tmp_path / "entry")

    assert (7, "no") == (report.exit_code, report.levels["authentic"])


def test_the_key_of_another_log(material, tmp_path):
    """A log of the policy that signs in the name of another one does not count."""
    ours, other = Key("example.org/acme", "ours"), Key("example.org/other", "other")
    policy = log_policy(material, f"{ours.vkey}\nlog {other.vkey}")
    (tmp_path / "entry").write_bytes(b"an entry")
    text = f"{ours.name}\n1\n{encoded(leaf(b'an entry'))}\n".encode()
    found = [
        check(
            tmp_path,
            b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + sign_note(text, key),
            policy=policy,
            level=1,
            entry=tmp_path / "entry",
        )
        for key in (ours, other)
    ]

    assert [0, 7] == [one.exit_code for one in found]
    assert ["yes", "no"] == [one.levels["authentic"] for one in found]


def test_a_spoilt_signature_of_the_known_key(plain, policy, tmp_path):
    """A line of the known log key that does not hold refuses the whole proof."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry)
    size = parse_checkpoint(parse_tlog_proof(text).checkpoint)[0].size
    spoilt = text.replace(b"\n%d\n" % size, b"\n%d\n" % (size + 1), 1)
    report = check(tmp_path, spoilt, policy=policy, entry=tmp_path / "entry")

    assert 1 == report.exit_code


def test_extra_data_is_ignored(plain, policy, tmp_path):
    """Nobody signs extra data, and the report says so."""
    text, entry = plain
    (tmp_path / "entry").write_bytes(entry)
    extra = text.replace(b"\nindex", b"\nextra aGVsbG8=\nindex", 1)
    report = check(tmp_path, extra, policy=policy, entry=tmp_path / "entry")

    assert 0 == report.exit_code
    assert any("extra" in line for line in report.not_checked)
    assert "aGVsbG8=" not in report.as_text()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"c2sp.org/tlog-proof@v2\nindex 0\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 00\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 9007199254740992\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 1\r\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + b"A" * 43 + b"B\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nextra \nindex 0\nindex 0\n\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + 64 * (b"A" * 43 + b"=\n") + b"\nx\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n",
    ],
    ids=[
        "empty",
        "version",
        "leading zero",
        "2^53",
        "carriage return",
        "base64",
        "two indices",
        "64 hashes",
        "no checkpoint",
    ],
)
def test_malformed(text):
    """Another spelling than that of the specification is refused."""
    with pytest.raises(TlogProofError):
        parse_tlog_proof(text)
