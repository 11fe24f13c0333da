"""producers.placement.minhash: signatures of texts."""

import pytest

from producers.placement.minhash import (
    SHINGLE_CHARACTERS,
    SIGNATURE_BYTES,
    fold,
    signature,
    similarity,
)

KEY = bytes(range(32))
WORDS = [f"word{number:03}" for number in range(400)]
TEXT = " ".join(WORDS)


def sign(text):
    return signature(text, key=KEY)


def jaccard(left, right):
    def shingles(text):
        folded = fold(text)
        count = max(len(folded) - SHINGLE_CHARACTERS, 0) + 1
        return {folded[i : i + SHINGLE_CHARACTERS] for i in range(count)}

    one, other = shingles(left), shingles(right)
    return len(one & other) / len(one | other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "short",
        "exactly 9",
        TEXT,
        "Zürich — 東京 \U0001f600 und zurück",
        "\ud800",
    ],
    ids=["empty", "letter", "short", "a-shingle", "long", "scripts", "surrogate"],
)
def test_a_signature_is_256_bytes_and_like_itself(text):
    """Every text has a signature, which is wholly like itself."""
    assert SIGNATURE_BYTES == len(sign(text))
    assert 1.0 == similarity(sign(text), sign(text))


@pytest.mark.parametrize(
    "variant",
    [TEXT.upper(), TEXT.replace(" ", " \n\t"), TEXT.replace("w", "\uff57")],
    ids=["case", "spacing", "compatibility"],
)
def test_folded_variants_are_the_same(variant):
    """Case, spacing and compatibility forms leave the signature as it is."""
    assert sign(TEXT) == sign(variant)


def test_another_key_is_another_signature():
    """Without the key a signature says nothing of a text."""
    assert similarity(sign(TEXT), signature(TEXT, key=KEY[::-1])) < 0.1


@pytest.mark.parametrize("changed", [4, 20, 60, 200], ids=str)
def test_estimates_the_jaccard_index(changed):
    """The estimate is within four standard errors of the exact index."""
    words = list(WORDS)
    for index in range(0, 400, 400 // changed):
        words[index] = f"other{index:03}"
    text = " ".join(words)

    expected = jaccard(TEXT, text)
    assert expected == pytest.approx(similarity(sign(TEXT), sign(text)), abs=0.18)


def test_short_texts_are_compared_too():
    """With fewer shingles than bins the estimate still follows the index."""
    left = "Dear Ann, thank you for the long letter of last week about the garden."
    right = left.replace("garden", "kitchen")

    expected = jaccard(left, right)
    assert expected == pytest.approx(similarity(sign(left), sign(right)), abs=0.2)
    assert similarity(sign("one short line"), sign("quite another")) < 0.1


def test_signature_is_pinned():
    """The same text and key have the same signature on every machine, for ever."""
    assert (
        "64b7b07b9c9089afaf8793bc1c089e38" == sign("The same text, always.")[:16].hex()
    )
