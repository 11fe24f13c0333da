"""Secrets by form and by entropy."""

import pytest

from producers.pii import scan
from producers.pii.entropy import bits_per_char

RANDOM = "q7Zk2Vx9Lw4Tn8Rb3Yc6Hd1Jm5Pf0SgAeUiOoXtB"


def found(text):
    """The secrets of a text."""
    spans = scan(text).spans
    return [text[s.start : s.end] for s in spans if s.sensitive_class == "secret"]


@pytest.mark.parametrize(
    "value",
    [
        "AKIAQ7ZK2VX6LW4TN3RB",
        f"ghp_{RANDOM[:36]}",
        f"glpat-{RANDOM[:20]}",
        f"xoxb-123456789012-{RANDOM[:24]}",
        f"sk_live_{RANDOM[:24]}",
        f"sk-ant-{RANDOM}",
        f"AIza{RANDOM[:35]}",
        f"npm_{RANDOM[:36]}",
        f"SG.{RANDOM[:22]}.{RANDOM}",
        f"123456789:AA{RANDOM[:33]}",
        f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{RANDOM}",
    ],
    ids=lambda value: value[:7],
)
def test_token_by_its_form(value):
    """A token with the prefix of its vendor is found anywhere."""
    assert [value] == found(f"use {value}\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("postgres://app:s3cr3tpw@db/x", "s3cr3tpw"),
        ("DB_PASSWORD=hunter2hunter9", "hunter2hunter9"),
        ("api_key: 'qZkVxLwTnRbYcHdJ'", "qZkVxLwTnRbYcHdJ"),
        (f"Authorization: Bearer {RANDOM}", RANDOM),
    ],
    ids=["URL", "assignment", "quoted", "header"],
)
def test_secret_after_its_name(text, value):
    """Only the value is found, so that its name stays readable."""
    assert [value] == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "AKIAAAAAAAAAAAAAAAAA",
        "password=your_password1",
        "password = get_password()",
        "token: aaaaaaaa1",
        "https://user@example.org/",
        "the secret: nobody knows",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_no_secret(text):
    """Examples, names in code and plain words are not found."""
    assert [] == found(text)


def test_private_key_to_its_last_line():
    """A private key is one finding from its first line to its last."""
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{RANDOM}\n-----END RSA PRIVATE KEY-----"

    assert [key] == found(f"see:\n{key}\nbye")


def test_private_key_without_an_end():
    """A private key that is cut off is found as far as it goes."""
    key = f"-----BEGIN PRIVATE KEY-----\n{RANDOM}\n"

    assert [key] == found(f"{key}; cut")


@pytest.mark.parametrize(
    ("value", "bits"), [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0)]
)
def test_entropy(value, bits):
    """Entropy of evenly spread characters is the logarithm of their count."""
    assert bits == bits_per_char(value)
