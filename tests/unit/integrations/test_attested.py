"""What others state about a training, read from their files."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from producers.metering.integrations import attested
from producers.metering.integrations.attested import Attested, read_attested

STATE = {
    "epoch": 1.0,
    "global_step": 120,
    "max_steps": 120,
    "num_input_tokens_seen": 0,
    "total_flos": 2.0816974708989952e16,  # written with 16 digits
    "log_history": [{"loss": 1.25, "step": 120}],
}
METER = {
    "Flops_architecture": "1.66e+13",
    "Flops_hardware": "1.52e+15",
    "N_total": 1585294704,
    "N_trainable": 680094720,
    "threshold_type": "default_3.3e22",
    "threshold_value": "3.30e+22",
    "tokens_processed": 2150,
}


def encoded(fields):
    return json.dumps(fields).encode()


def test_trainer_state():
    """A figure is what is written, and tokens that were not counted are none."""
    content = encoded(STATE)

    assert Attested(
        source="transformers_trainer_state",
        file_sha256=hashlib.sha256(content).hexdigest(),
        flop=20816974708989950,
        recomputed=None,
        steps=120,
        tokens=None,
    ) == read_attested(content)


def test_trainer_state_with_tokens():
    """Tokens that it counted are taken over."""
    found = read_attested(encoded(STATE | {"num_input_tokens_seen": 4096}))

    assert 4096 == found.tokens


def test_flops_meter():
    """The figure is rounded in the file; its formula gives the exact one."""
    found = read_attested(encoded(METER))

    assert 16_600_000_000_000 == found.flop
    assert (4 * 1585294704 + 2 * 680094720) * 2150 == found.recomputed
    assert (None, 2150) == (found.steps, found.tokens)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "total_flos"),
        (b"[1]", "total_flos"),
        (b"{}", "total_flos"),
        (b'{"total_flos": NaN}', "total_flos"),
        (b"[" * 100_000, "total_flos"),
        (b'{"total_flos": 1.0e99999999999999999999}', "total_flos"),
        (encoded(STATE | {"total_flos": -1}), "total_flos"),
        (encoded(STATE | {"total_flos": None}), "total_flos"),
        (encoded(STATE | {"total_flos": True}), "total_flos"),
        (encoded(STATE | {"total_flos": 10**40}), "total_flos"),
        (encoded(STATE | {"total_flos": "1" + "0" * 64}), "total_flos"),
        (encoded(STATE | {"global_step": []}), "global_step"),
        (encoded(METER | {"N_total": "many"}), "N_total"),
        (encoded(METER | {"Flops_architecture": "Infinity"}), "Flops_architecture"),
        (encoded(METER | {"tokens_processed": {}}), "tokens_processed"),
    ],
    ids=[
        "empty",
        "list",
        "nothing",
        "not-json",
        "deep",
        "exponent",
        "negative",
        "null",
        "boolean",
        "too-large",
        "too-long",
        "list-of-steps",
        "no-number",
        "infinite",
        "object",
    ],
)
def test_refused(content, name):
    """A file that is neither, or a figure that is none, is an error that names it."""
    with pytest.raises(InputError, match=name):
        read_attested(content)


def test_too_large_a_file(monkeypatch):
    """One byte more than the limit is refused."""
    content = encoded(METER)
    monkeypatch.setattr(attested, "BYTES_MAX", len(content) - 1)

    with pytest.raises(InputError, match="bytes"):
        read_attested(content)


@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_any_bytes(content):
    """Whatever the bytes, the only error is the one that is documented."""
    with pytest.raises(InputError):
        read_attested(content)


@given(total=st.integers(0, 10**12), tokens=st.integers(0, 10**14))
def test_recomputed_is_exact(total, tokens):
    """The formula is carried out in integers, past 2^53."""
    fields = METER | {
        "N_total": total,
        "N_trainable": total,
        "tokens_processed": tokens,
    }

    assert 6 * total * tokens == read_attested(encoded(fields)).recomputed
