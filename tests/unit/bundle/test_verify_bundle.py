"""verifier.bundle.verify on bundles that nobody tampered with."""

import json

import pytest

from ledger.events.training_saved import Adapter
from tests.unit.bundle.samples import (
    RUN_ID,
    WEIGHTS,
    Workspace,
    finished,
    metered,
    planned,
    run_submissions,
    sha256_hex,
    started,
)
from verifier.bundle.statement import DOES_NOT_PROVE
from verifier.bundle.verify import verify_bundle
from verifier.format.note import parse_vkey
from verifier.trust.pin import RootKeyError


def test_a_good_bundle_is_authentic(good, root_keys):
    """With the pinned root key, everything asked for holds."""
    report = verify_bundle(good.bundle, root_keys=root_keys)

    assert ("L1", 0, []) == (report.verdict, report.exit_code, report.findings)


def test_without_a_pinned_root(good):
    """A bundle that proves itself is consistent, and the exit code says trust."""
    report = verify_bundle(good.bundle)

    assert ("L0", 7, "not asked") == (
        report.verdict,
        report.exit_code,
        report.levels["authentic"],
    )


def test_another_root(good, tmp_path):
    """A bundle of a ledger that another root key began is not authentic."""
    other = Workspace(tmp_path / "other", seed="two")

    report = verify_bundle(good.bundle, root_keys=[other.root_key])

    assert ("L0", 7, "no") == (
        report.verdict,
        report.exit_code,
        report.levels["authentic"],
    )
    assert ["LV802"] == [finding.code for finding in report.trust]


def test_a_root_key_in_hex(good):
    """A root key may be pinned as 64 hex digits."""
    public_key = parse_vkey(good.workspace.root_key).public_key

    report = verify_bundle(good.bundle, root_keys=[public_key.hex()])

    assert 0 == report.exit_code


def test_a_malformed_pinned_key(good):
    """A pinned key that cannot be read is the caller's mistake."""
    with pytest.raises(RootKeyError, match="root key 1"):
        verify_bundle(good.bundle, root_keys=["example.org/acme/root+0000+AAAA"])


def test_a_run_without_shards(tmp_path):
    """A run without a map has one adapter, for shard 0, and no slices."""
    adapter = Adapter(shard=0, weights_sha256="ad" * 32)
    workspace = Workspace(tmp_path / "acme")
    workspace.append(
        [
            [started(map_id="", shards=[], slices=0), planned(), metered(0)],
            [metered(1), metered(2), finished(adapters=[adapter])],
        ]
    )
    workspace.bundle(tmp_path / "out")

    report = verify_bundle(tmp_path / "out", root_keys=[workspace.root_key])

    assert ("L1", []) == (report.verdict, report.findings)


def test_a_ledger_that_goes_on(tmp_path):
    """A bundle stays good when the ledger grows and its ci key is retired later."""
    workspace = Workspace(tmp_path / "acme")
    workspace.append(run_submissions())
    workspace.bundle(tmp_path / "out")
    workspace.retire_ci_key()

    report = verify_bundle(tmp_path / "out", root_keys=[workspace.root_key])

    assert 0 == report.exit_code


def test_models_that_match(good, root_keys, tmp_path):
    """Weight files are found by digest and hashed."""
    for content in WEIGHTS:
        (tmp_path / f"{sha256_hex(content)}.safetensors").write_bytes(content)

    report = verify_bundle(good.bundle, root_keys=root_keys, models=tmp_path)

    assert 0 == report.exit_code
    assert "2 of 2 weight files by SHA-256" in report.checked


def test_a_missing_model_is_incomplete(good, root_keys, tmp_path):
    """What was asked for and is not there is not a success."""
    (tmp_path / f"{sha256_hex(WEIGHTS[0])}.safetensors").write_bytes(WEIGHTS[0])

    report = verify_bundle(good.bundle, root_keys=root_keys, models=tmp_path)

    assert ("INCOMPLETE", 5) == (report.verdict, report.exit_code)


def test_a_changed_model_is_found(good, root_keys, tmp_path):
    """A weight file with other bytes under the right name is a finding."""
    for content in WEIGHTS:
        (tmp_path / f"{sha256_hex(content)}.safetensors").write_bytes(content + b"!")

    report = verify_bundle(good.bundle, root_keys=root_keys, models=tmp_path)

    assert 1 == report.exit_code
    assert ["LV910", "LV910"] == [finding.code for finding in report.findings]


def test_a_linked_model_counts_as_missing(good, root_keys, tmp_path):
    """A link is not followed out of the folder of models."""
    (tmp_path / "elsewhere").write_bytes(WEIGHTS[0])
    for content in WEIGHTS:
        link = tmp_path / f"{sha256_hex(content)}.safetensors"
        link.symlink_to(tmp_path / "elsewhere")

    report = verify_bundle(good.bundle, root_keys=root_keys, models=tmp_path)

    assert 5 == report.exit_code


@pytest.mark.parametrize("kind", ["missing", "empty", "file", "other"])
def test_no_bundle_at_all(tmp_path, kind):
    """A folder that is no bundle is unreadable, not tampered with."""
    folder = tmp_path / "out"
    if kind == "file":
        folder.write_text("")
    elif kind != "missing":
        folder.mkdir()
    if kind == "other":
        (folder / "README.md").write_text("")

    report = verify_bundle(folder)

    assert ("UNREADABLE", 6) == (report.verdict, report.exit_code)
    assert report.unreadable in report.as_text()


def test_text_names_what_is_not_proven(good, root_keys):
    """Every report says what a bundle leaves open, and ends in the verdict."""
    lines = verify_bundle(good.bundle, root_keys=root_keys).as_text().splitlines()

    for text in DOES_NOT_PROVE:
        assert f"DOES NOT PROVE  {text}" in lines
    assert "RESULT          L1 authentic   exit 0" == lines[-1]
    assert f"RUN             {RUN_ID}" in lines


def test_json_is_one_document(good):
    """The JSON rendering carries verdict, exit code and what is not proven."""
    document = json.loads(verify_bundle(good.bundle).as_json())

    assert ("L0", 7) == (document["verdict"], document["exit_code"])
    assert list(DOES_NOT_PROVE) == document["not_proven"]
    assert "LV801" == document["trust"][0]["code"]
