"""Training-mining assertions: what they say."""

import pytest

from producers.optout.embedded.cawg import ENTRIES_MAX, parse_training_mining
from producers.optout.vocabulary.signals import SignalError

CAWG = "cawg.training-mining"


def _said(*, label=CAWG, family="cawg", **uses):
    entries = {f"{family}.{key}": {"use": use} for key, use in uses.items()}
    return parse_training_mining(label, {"entries": entries})


@pytest.mark.parametrize(
    ("label", "family"),
    [
        (CAWG, "cawg"),
        ("c2pa.training-mining", "c2pa"),
        ("c2pa.training-mining__2", "c2pa"),
        ("cawg.training-mining.v2__1", "cawg"),
        (CAWG, "c2pa"),
    ],
)
@pytest.mark.parametrize(
    ("use", "reservation", "preference"),
    [
        ("notAllowed", "reserved", "disallow"),
        ("constrained", "reserved", "disallow"),
        ("allowed", "not_reserved", "allow"),
    ],
)
def test_generative_training(label, family, use, reservation, preference):
    """Fine-tuning is generative training; both families and every instance are read."""
    said = _said(label=label, family=family, ai_generative_training=use)

    assert (reservation, (("train", preference),)) == (said.reservation, said.stated)


@pytest.mark.parametrize(
    ("uses", "reservation", "stated", "review"),
    [
        ({"data_mining": "notAllowed"}, "reserved", {"tdm": "disallow"}, ""),
        ({"data_mining": "constrained"}, "reserved", {"tdm": "disallow"}, ""),
        ({"data_mining": "allowed"}, "unset", {"tdm": "allow"}, ""),
        ({"ai_inference": "notAllowed"}, "unset", {"ai_input": "disallow"}, ""),
        ({"ai_inference": "allowed"}, "unset", {"ai_input": "allow"}, ""),
        ({"ai_training": "notAllowed"}, "unset", {}, "unknown_preference"),
        ({"ai_training": "allowed"}, "unset", {}, ""),
        ({"future_use": "notAllowed"}, "unset", {}, "unknown_preference"),
        (
            {"ai_generative_training": "allowed", "data_mining": "notAllowed"},
            "reserved",
            {"train": "allow", "tdm": "disallow"},
            "",
        ),
        (
            {"ai_generative_training": "allowed", "ai_training": "notAllowed"},
            "unset",
            {"train": "allow"},
            "unknown_preference",
        ),
    ],
)
def test_entries(uses, reservation, stated, review):
    """Each entry speaks of its use; a "no" that is not known is for a person."""
    said = _said(**uses)

    assert (reservation, stated, review) == (
        said.reservation,
        dict(said.stated),
        said.review,
    )


@pytest.mark.parametrize("key", ["constraint_info", "constraints_info"])
def test_constraint_is_the_policy(key):
    """Where constraints are at a URL, that is the policy."""
    entry = {"use": "constrained", key: "https://e.test/licence"}
    said = parse_training_mining(
        CAWG, {"entries": {"cawg.ai_generative_training": entry}}
    )

    assert "https://e.test/licence" == said.policy


def test_entries_without_their_key():
    """The first schema left out the key that holds the entries."""
    said = parse_training_mining(
        CAWG, {"cawg.ai_generative_training": {"use": "notAllowed"}}
    )

    assert "reserved" == said.reservation


@pytest.mark.parametrize(
    "entry",
    [
        {"use": "NotAllowed"},
        {"use": "not allowed"},
        {"use": ""},
        {"use": None},
        {"use": ["allowed"]},
        {},
        "allowed",
        None,
        True,
    ],
    ids=repr,
)
def test_unknown_use_is_malformed(entry):
    """A use that is not known sets nothing, and is no silence."""
    said = parse_training_mining(
        CAWG, {"entries": {"cawg.ai_generative_training": entry}}
    )

    assert ("unset", True) == (said.reservation, said.is_malformed)


@pytest.mark.parametrize("key", ["", "a b", "a\nb", 7, None, "k" * 300], ids=repr)
def test_key_that_is_no_label_is_malformed(key):
    """A key that is no label may not write an entry of its own."""
    said = parse_training_mining(CAWG, {"entries": {key: {"use": "allowed"}}})

    assert ("unset", True) == (said.reservation, said.is_malformed)


def test_surrogates_are_survived():
    """Text that cannot be encoded raises nothing."""
    entry = {"use": "constrained", "constraint_info": "\ud800"}
    data = {"entries": {"\udfff": entry, "cawg.ai_generative_training": entry}}

    assert "reserved" == parse_training_mining(CAWG, data).reservation


@pytest.mark.parametrize(
    ("label", "data"),
    [
        (CAWG, None),
        (CAWG, []),
        (CAWG, {}),
        (CAWG, {"entries": None}),
        (CAWG, {"entries": []}),
        (CAWG, {"entries": {}}),
        (CAWG, {"entries": {f"k{n}": {} for n in range(ENTRIES_MAX + 1)}}),
        ("cawg.metadata", {"entries": {"cawg.ai_training": {"use": "allowed"}}}),
        ("", {"entries": {"cawg.ai_training": {"use": "allowed"}}}),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_no_assertion_is_refused(label, data):
    """What is no training-mining assertion is an error, never silence."""
    with pytest.raises(SignalError):
        parse_training_mining(label, data)
