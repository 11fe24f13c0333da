"""ledger.workspace.settings: what a person chose, checked by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ConflictError, InputError, NotALedgerError
from ledger.workspace.settings import (
    Settings,
    load_settings,
    parse_settings,
    save_settings,
)

ORIGIN = {"origin": "example.org/acme"}


def test_written_and_read(tmp_path):
    """The file says what the settings say."""
    settings = parse_settings(
        {**ORIGIN, "jurisdictions": ["uk"], "shards": 7, "basket_relaxed": ["GPTBot"]}
    )
    save_settings(tmp_path, settings)

    assert settings == load_settings(tmp_path)


@given(
    st.builds(
        Settings,
        origin=st.from_regex(r"[a-z0-9][a-z0-9._+/:-]{0,60}", fullmatch=True),
        jurisdictions=st.lists(st.sampled_from(["eu", "uk"]), min_size=1, max_size=2),
        shards=st.integers(1, 128),
        slices=st.integers(1, 256),
        load_per_mille=st.integers(1000, 4000),
    )
)
def test_text_and_back(tmp_path_factory, settings):
    """Every settings value survives its text."""
    folder = tmp_path_factory.mktemp("settings")
    save_settings(folder, settings)

    assert settings == load_settings(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", ""),
        ("origin", 'a"b'),
        ("origin", "two words"),
        ("jurisdictions", []),
        ("jurisdictions", ["us"]),
        ("jurisdictions", "eu"),
        ("shards", 0),
        ("shards", 129),
        ("shards", 2.5),
        ("shards", "4"),
        ("slices", 0),
        ("slices", 257),
        ("load_per_mille", 999),
        ("load_per_mille", 4001),
        ("basket_relaxed", [""]),
        ("model_name", ""),
    ],
)
def test_a_bad_value_is_named(name, value):
    """The message says which field is wrong."""
    with pytest.raises(InputError, match=rf"tuneledger.toml: .*\$\.{name}"):
        parse_settings({**ORIGIN, name: value})


def test_an_unknown_field_is_named():
    """A typing error is not ignored."""
    with pytest.raises(InputError, match="shard_count"):
        parse_settings({**ORIGIN, "shard_count": 4})


def test_a_missing_field_is_named():
    """Only the origin has no default."""
    with pytest.raises(InputError, match="origin"):
        parse_settings({})


@pytest.mark.parametrize(
    ("expected", "content"),
    [
        ("tuneledger.toml: ", b"origin = "),
        ("tuneledger.toml: ", b'origin = "a"\norigin = "b"\n'),
        ("tuneledger.toml: ", b"\xff\xfe"),
        ("at most 65536 bytes", b'origin = "a"\n#' + b" " * 65_536),
    ],
    ids=["cut", "twice", "not-utf-8", "too-long"],
)
def test_a_malformed_file(tmp_path, expected, content):
    """One line that names the file."""
    (tmp_path / "tuneledger.toml").write_bytes(content)

    with pytest.raises(InputError, match=expected) as caught:
        load_settings(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_without_settings(tmp_path):
    """It is no workspace."""
    with pytest.raises(NotALedgerError, match="is no workspace"):
        load_settings(tmp_path)


def test_settings_are_never_overwritten(tmp_path):
    """Only `init` writes them."""
    save_settings(tmp_path, parse_settings(ORIGIN))
    with pytest.raises(ConflictError):
        save_settings(tmp_path, parse_settings({"origin": "another"}))

    assert "example.org/acme" == load_settings(tmp_path).origin
