"""The commands: what they print, and with which exit code they end."""

import json
import stat

import pytest

from tests.unit.cli.shell import write
from tests.unit.erasure.asked import answer, receive
from tests.unit.serving.shop import HELD_OUT, digests, last_run, manifests, publish
from verifier.bundle.verify import verify_bundle


def test_publish_prints_the_manifest(shell, trained):
    """And nothing else on stdout."""
    ran = shell.w("models", "publish")

    assert (0, f"{manifests(trained)[0].manifest_id}\n") == (ran.code, ran.out)


def test_manifest_shows_what_serves(shell, trained):
    """One line a shard, and one document where it is asked for."""
    event = publish(trained)
    ran = shell.w("models", "manifest")
    document = shell.w("models", "manifest", "--json").json()

    assert 0 == ran.code
    assert all(one.weights_sha256[:16] in ran.out for one in event.adapters)
    assert "tuneledger.manifests/1" == document["schema"]
    assert [] == document["models"][0]["fenced"]


def test_a_fenced_manifest_is_shown_with_exit_code_3(shell, trained):
    """A pipeline can gate on it."""
    publish(trained)
    answer(trained, "restrict", receive(trained, "jane"), "accuracy_contested")
    ran = shell.w("models", "manifest")

    assert 3 == ran.code
    assert "FENCED" in ran.out


def test_generate_obeys_the_manifest(shell, trained):
    """The same seed says the same; the prompt stands before it."""
    publish(trained)
    one, two = (shell.w("generate", "He", "--tokens", "5") for _ in range(2))

    assert (0, one.out) == (one.code, two.out)
    assert one.out.startswith("He")


def test_generate_refuses_what_is_restricted(shell, trained):
    """Exit code 3, one line, and what to run."""
    publish(trained)
    answer(trained, "restrict", receive(trained, "jane"), "accuracy_contested")
    ran = shell.w("generate", "He")

    assert (3, "") == (ran.code, ran.out)
    assert "run models publish" in ran.err


def test_generate_without_a_manifest_says_what_to_run(shell):
    """Nothing serves that was not published."""
    ran = shell.w("generate", "He")

    assert 2 == ran.code
    assert "run models publish" in ran.err


def test_generate_shows_no_control_characters(shell, trained):
    """What a model says must not steer a terminal."""
    publish(trained)
    ran = shell.w("generate", "a\x1b[2Jb", "--tokens", "200", "--seed", "3")

    assert "a\ufffd[2Jb" in ran.out
    assert all(one.isprintable() or one in "\n\t" for one in ran.out)


def test_merged_needs_a_text_and_a_gate_that_opens(shell, trained, tmp_path):
    """Without a text it is usage; behind a shut gate a policy gap."""
    held_out = write(tmp_path / "held-out.txt", HELD_OUT)
    codes = [
        shell.w("models", "publish", "--merged").code,
        shell.w("models", "publish", "--held-out", held_out).code,
        shell.w(
            "models", "publish", "--merged", "--held-out", held_out, "--gate", "-1"
        ).code,
        shell.w(
            "models", "publish", "--merged", "--held-out", held_out, "--gate", "1"
        ).code,
    ]

    assert [2, 2, 2, 0] == codes
    assert ["merged"] == [one.rule for one in manifests(trained)]


def test_export_writes_both_layouts(shell, trained, tmp_path):
    """The ledger's files by digest, and a folder a shard, for their owner alone."""
    run = last_run(trained)
    ran = shell.w("models", "export", run.run_id, "--out", tmp_path / "out")
    paths = sorted((tmp_path / "out").rglob("*"))

    assert 0 == ran.code
    assert f"tuneledger recipient add NAME --run {run.run_id}\n" in ran.err
    assert {0o600} == {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_file()}
    for one in run.adapters:
        assert (tmp_path / "out" / f"{one.weights_sha256}.safetensors").is_file()
        names = {p.name for p in (tmp_path / "out" / f"shard-{one.shard}").iterdir()}
        assert {
            "adapter_config.json",
            "adapter_model.safetensors",
            "README.md",
        } == names


def test_an_export_is_what_a_bundle_is_checked_against(shell, trained, tmp_path):
    """`verify-bundle --models` finds the bytes that the ledger names."""
    run = last_run(trained).run_id
    shell.w("attest", run, "--out", tmp_path / "bundle")
    shell.w("models", "export", run, "--out", tmp_path / "out")
    report = verify_bundle(
        tmp_path / "bundle", root_keys=[trained.vkey], models=tmp_path / "out"
    )

    assert 0 == report.exit_code, report.as_text()


def test_export_of_a_merged_manifest(shell, trained, tmp_path):
    """What serves is one adapter, and so is what is handed on."""
    held_out = write(tmp_path / "held-out.txt", HELD_OUT)
    shell.w("models", "publish", "--merged", "--held-out", held_out, "--gate", "1")
    ran = shell.w("models", "export", "--manifest", "--out", tmp_path / "out")
    config = json.loads((tmp_path / "out/merged/adapter_config.json").read_text())

    assert 0 == ran.code
    assert 4 == config["r"]
    assert manifests(trained)[0].merged_sha256 in ran.out


def test_fenced_weights_are_neither_exported_nor_signed(shell, trained, tmp_path):
    """Exit code 3, and no folder or file is left."""
    run = last_run(trained).run_id
    trained.erase("jane", retrain=False)
    codes = [
        shell.w("models", "export", run, "--out", tmp_path / "out").code,
        shell.w("models", "sign", run, "--out", tmp_path / "sig").code,
    ]

    assert [3, 3] == codes
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "sig").exists()


@pytest.mark.parametrize(
    "arguments", [["--manifest", "RUN"], []], ids=["both", "neither"]
)
def test_export_wants_one_thing(shell, tmp_path, arguments):
    """A run, or what the manifest names."""
    ran = shell.w("models", "export", *arguments, "--out", tmp_path / "out")

    assert 2 == ran.code


def test_sign_of_a_run_and_of_a_folder(shell, trained, tmp_path):
    """A run by the ledger's digests, a folder by its files; never over a file."""
    run = last_run(trained)
    shell.w("models", "export", run.run_id, "--out", tmp_path / "out")
    codes = [
        shell.w("models", "sign", what, "--out", tmp_path / name).code
        for what, name in (
            (run.run_id, "run.sig"),
            (tmp_path / "out", "folder.sig"),
            (run.run_id, "run.sig"),
        )
    ]

    assert [0, 0, 8] == codes


def test_reading_leaves_the_writers_files_alone(shell, trained):
    """A training may be writing a file of weights while somebody generates."""
    publish(trained)
    partial = trained.folder / "models" / "half.partial"
    partial.write_bytes(b"half")
    shell.w("generate", "He", "--tokens", "1")

    assert partial.exists()
    assert "half" not in digests(trained)
