"""E-mail and IP addresses, accounts, cards, telephone and identity numbers."""

import pytest

from producers.pii import Hints, scan
from producers.pii.kvnr import is_kvnr


def found(text, **hints):
    """Class and text of each finding."""
    spans = scan(text, hints=Hints(**hints)).spans
    return [(span.sensitive_class, text[span.start : span.end]) for span in spans]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mail jane.doe+x@mail.example.org.", "jane.doe+x@mail.example.org"),
        ("<jürgen@müller.de>", "jürgen@müller.de"),
        ("mailto:o'brien@example.ie?subject=x", "o'brien@example.ie"),
        ("from='a_b@xn--bcher-kva.example'", "a_b@xn--bcher-kva.example"),
        ("邮箱 用户@例子.广告。", "用户@例子.广告"),
    ],
    ids=["plus", "letters", "mailto", "punycode", "chinese"],
)
def test_email(text, value):
    """An e-mail address is found without the marks around it."""
    assert [("email", value)] == found(text)


@pytest.mark.parametrize(
    "text",
    [
        "@property def f",
        "a @ b.com",
        "x@y",
        "see user@localhost",
        "ssh://git@host.org/x",
    ],
    ids=["decorator", "blanks", "no dot", "no domain", "user of a URL"],
)
def test_no_email(text):
    """What is no address with a domain is not found."""
    assert [] == found(text)


@pytest.mark.parametrize(
    "value",
    ["8.8.8.8", "10.1.2.3", "2a00:1450:4001:81b::200e", "fe80::1", "::ffff:8.8.8.8"],
)
def test_ip_address(value):
    """Addresses of hosts are found, private ones too."""
    assert [("ip_address", value)] == found(f"from {value}, port 80")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "::1",
        "192.0.2.7",
        "2001:db8::1",
        "255.255.255.0",
        "version 1.2.3.4",
        "1.2.3.4.5",
        "300.1.2.3",
        "a[1::2]",
        "std::vector",
        "00:11:22:33:44:55:66:77",
        "12:30:45",
    ],
)
def test_no_ip_address(text):
    """Loopback, documentation, masks, versions, slices and clocks are not found."""
    assert [] == found(text)


@pytest.mark.parametrize(
    "value",
    ["DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "gb82west12345698765432"],
    ids=["compact", "grouped", "small letters"],
)
def test_iban(value):
    """A valid IBAN is found, and not the words after it."""
    assert [("iban", value)] == found(f"IBAN {value} bei der Bank")


def test_iban_with_a_wrong_check():
    """An IBAN with wrong check digits is not found."""
    assert [] == found("IBAN DE88370400440532013000")


@pytest.mark.parametrize(
    "value",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
        "378282246310005",
    ],
)
def test_payment_card(value):
    """A card of a known scheme with a right Luhn digit is found."""
    assert [("payment_card", value)] == found(f"card {value}.")


@pytest.mark.parametrize(
    "text",
    ["4111111111111112", "9999999999999995", "0.4111111111111111", "x4111111111111111"],
    ids=["wrong digit", "no scheme", "fraction", "part of a word"],
)
def test_no_payment_card(text):
    """Other rows of digits are no cards."""
    assert [] == found(text)


@pytest.mark.parametrize(
    ("value", "countries"),
    [
        ("+49 30 901820", ()),
        ("0049 30 901820", ()),
        ("030 901820", ("DE",)),
        ("(0161) 496 0066", ("GB",)),
        ("+44 (0)20 7946 0958", ()),
        ("(212) 555-0123", ("US",)),
        ("609 141 777", ("PL",)),
        ("206.269.0743x9150", ("US",)),
    ],
)
def test_phone(value, countries):
    """A valid number is found with its country code, or with its country as a hint."""
    assert [("phone", value)] == found(f"Ring {value}, please", countries=countries)


def test_two_phones():
    """A slash between blanks stands between two numbers."""
    assert [("phone", "030 901820"), ("phone", "0171 2345678")] == found(
        "030 901820 / 0171 2345678", countries=("DE",)
    )


@pytest.mark.parametrize(
    "text",
    [
        "030 901820",
        "2024-01-15 10",
        "3.09078914170",
        "2063343000 rows",
        "10.20.30.4-5",
        "0 3 0 9 0 1 8 2 0",
        "3510 4897 1314 2554",
    ],
    ids=["no hint", "date", "fraction", "bare", "dotted", "table", "no trunk zero"],
)
def test_no_phone(text):
    """Digits that nothing calls a telephone number are not found."""
    countries = () if text == "030 901820" else ("US", "DE", "PL")
    assert [] == [
        name for name, _ in found(text, countries=countries) if name == "phone"
    ]


def test_bare_phone_after_its_name():
    """A bare row of digits after a word for telephone is found."""
    assert [("phone", "2063343000")] == found("Tel: 2063343000", countries=("US",))


@pytest.mark.parametrize("value", ["X110411319", "X110465770", "A123456780"])
def test_kvnr(value):
    """Known test numbers of German health insurance are valid."""
    assert is_kvnr(value)


@pytest.mark.parametrize("value", ["X110411318", "110411319", "x110411319", ""])
def test_no_kvnr(value):
    """A wrong check digit or form is not valid."""
    assert not is_kvnr(value)


@pytest.mark.parametrize(
    ("text", "sensitive_class", "value"),
    [
        ("NHS number 943 476 5919", "health_id", "943 476 5919"),
        ("KVNR: X110411319", "health_id", "X110411319"),
        ("2 95 10 99 126 111 93", "health_id", "2 95 10 99 126 111 93"),
        ("756.9217.0769.85", "health_id", "756.9217.0769.85"),
        ("SSN 536-90-4399", "national_id", "536-90-4399"),
        ("DNI 54362315K", "national_id", "54362315K"),
        ("RCCMNL83S18D969H", "national_id", "RCCMNL83S18D969H"),
        ("PESEL 44051401359", "national_id", "44051401359"),
        ("BSN 111222333", "national_id", "111222333"),
    ],
)
def test_identity_by_form_or_name(text, sensitive_class, value):
    """A number with rare form or with its name before it needs no hint."""
    assert [(sensitive_class, value)] == found(text)


def test_identity_by_country():
    """The country alone is enough where the check digits agree."""
    assert [("national_id", "44051401359")] == found("x 44051401359", countries=("PL",))


def test_identity_without_either():
    """Without name or country a weak number is left."""
    assert [] == found("x 44051401359")


def test_language_implies_countries():
    """A language gives the countries where no country is given."""
    assert [("phone", "030 901820")] == found("Ruf 030 901820", languages=("de",))


def test_phone_in_a_country_with_like_ids():
    """What is called a telephone number is not read as an identity number."""
    assert [("phone", "912 341 092")] == found(
        "telemóvel 912 341 092", countries=("PT",)
    )
