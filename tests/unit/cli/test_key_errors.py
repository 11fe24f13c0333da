"""Exit code 7: keys that cannot be used, and roots that are not known."""

import pytest

from tests.unit.cli.shell import check_one_error, write


@pytest.mark.parametrize("given", ["", "wrong"], ids=["missing", "wrong"])
def test_a_passphrase_that_does_not_fit(here, tmp_path, monkeypatch, given):
    """Keys stay closed; the passphrase is not repeated."""
    monkeypatch.setenv("TUNELEDGER_PASSPHRASE", "correct horse")
    assert 0 == here.run("init", tmp_path / "acme").code
    monkeypatch.setenv("TUNELEDGER_PASSPHRASE", given)
    ran = here.run("ingest", write(tmp_path / "in"), "-w", tmp_path / "acme")

    check_one_error(ran, 7, "passphrase")
    assert "horse" not in ran.err


def test_a_passphrase_for_the_vault_alone(here, tmp_path, monkeypatch):
    """Signing keys in clear go on to open once `key_store` is a passphrase."""
    folder = tmp_path / "acme"
    here.run("init", folder)
    here.run("ingest", write(tmp_path / "in"), "-w", folder)
    settings = folder / "tuneledger.toml"
    settings.write_text(settings.read_text().replace('"file"', '"passphrase"'))
    monkeypatch.setenv("TUNELEDGER_PASSPHRASE", "horse")
    rotated = here.run("vault", "rotate", "-w", folder)
    erased = here.run("erase", "s-1", "-w", folder)

    assert (0, 0) == (rotated.code, erased.code), erased
    assert "passphrase" in rotated.out


@pytest.mark.parametrize("role", ["log", "eraser"])
@pytest.mark.parametrize("kind", ["missing", "open", "garbage", "another"])
def test_a_key_that_cannot_be_used(shell, trained, role, kind):
    """Missing, open to others, no key, or another role's; nothing is appended."""
    path = trained.folder / "keys" / f"{role}.pem"
    size = len(trained.events())
    texts = {
        "missing": "cannot be read",
        "open": "is open to others: expected mode 0600, found 0644",
        "garbage": "is no PKCS#8 key",
        "another": "expected the key with id",
    }
    match kind:
        case "missing":
            path.unlink()
        case "open":
            path.chmod(0o644)
        case "garbage":
            path.write_bytes(b"text")
        case "another":
            path.write_bytes((trained.folder / "keys" / "trainer.pem").read_bytes())

    check_one_error(shell.w("erase", "s-1"), 7, texts[kind])
    assert size == len(trained.events())
    assert "BEGIN" not in shell.w("erase", "s-1").err


@pytest.mark.parametrize(
    ("root", "text"),
    [("nonsense", ""), ("@/missing/file", "cannot be read"), ("", "")],
    ids=["no-key", "no-file", "empty"],
)
def test_a_root_key_that_is_none(shell, trained, root, text):
    """2: what is pinned must be a key."""
    check_one_error(shell.run("verify", trained.folder, "--root", root), 2, text)


def test_another_root_key(shell, trained, tmp_path):
    """7: the ledger is not the one that the auditor knows."""
    other = shell.run("init", tmp_path / "other").out.strip()

    assert 7 == shell.run("verify", trained.folder, "--root", other).code
