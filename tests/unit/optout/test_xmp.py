"""XMP: TDMRep and PLUS Data Mining."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.embedded.xmp import (
    PACKETS_MAX,
    find_xmp,
    plus_statement,
    tdm_statement,
)
from producers.optout.vocabulary.signals import SignalError

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
TDM = 'xmlns:tdm="http://www.w3.org/ns/tdmrep/"'
PLUS = 'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"'
BAG = "<rdf:Bag><rdf:li>0</rdf:li><rdf:li>1</rdf:li></rdf:Bag>"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/DMI-"


def _packet(inner, *, names=TDM, attributes=""):
    return (
        f"<rdf:RDF {RDF}><rdf:Description rdf:about='' {names} {attributes}>"
        f"{inner}</rdf:Description></rdf:RDF>"
    ).encode()


def _tdm(inner, **more):
    said = tdm_statement(_packet(inner, **more))
    return said.reservation, said.is_malformed


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<tdm:reservation>1</tdm:reservation>", ("reserved", False)),
        ("<tdm:reservation> 1\n</tdm:reservation>", ("reserved", False)),
        ("<tdm:reservation>&#49;</tdm:reservation>", ("reserved", False)),
        ("<tdm:reservation><![CDATA[1]]></tdm:reservation>", ("reserved", False)),
        (f"<tdm:reservation>{BAG}</tdm:reservation>", ("reserved", False)),
        ("<tdm:reservation rdf:value='1'/>", ("reserved", False)),
        ("<tdm:reservation>0</tdm:reservation>", ("not_reserved", False)),
        ("<tdm:reservation>2</tdm:reservation>", ("unset", True)),
        ("<tdm:reservation>true</tdm:reservation>", ("unset", True)),
        ("<tdm:reservation/>", ("unset", True)),
        ("<tdm:Reservation>1</tdm:Reservation>", ("reserved", False)),
        ("<tdm:Reservation>0</tdm:Reservation>", ("unset", True)),
        (
            "<tdm:reservation>0</tdm:reservation><tdm:reservation>1</tdm:reservation>",
            ("reserved", False),
        ),
        ("", ("unset", False)),
    ],
)
def test_tdm_element(inner, expected):
    """The property as an element; one 1 reserves, what is neither is broken."""
    assert expected == _tdm(inner)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", ("reserved", False)), ("0", ("not_reserved", False)), ("", ("unset", True))],
)
def test_tdm_attribute(value, expected):
    """The property as an attribute of the description."""
    assert expected == _tdm("", attributes=f'tdm:reservation="{value}"')


@pytest.mark.parametrize("namespace", ["tdmrep#", "tdmrep", "TDMREP/"])
def test_odd_namespace_only_reserves(namespace):
    """A namespace of another TDMRep carrier: a 1 is meant, a 0 is not trusted."""
    names = f'xmlns:tdm="http://www.w3.org/ns/{namespace}"'

    assert ("reserved", False) == _tdm(
        "<tdm:reservation>1</tdm:reservation>", names=names
    )
    assert ("unset", True) == _tdm("<tdm:reservation>0</tdm:reservation>", names=names)


def test_other_namespace_says_nothing():
    """A property of the same name elsewhere is another property."""
    names = 'xmlns:tdm="http://tables.test/"'

    assert ("unset", False) == _tdm("<tdm:reservation>1</tdm:reservation>", names=names)


def test_any_prefix_will_do():
    """The namespace names the property, not the prefix."""
    names = 'xmlns:x="http://www.w3.org/ns/tdmrep/"'

    assert ("reserved", False) == _tdm("<x:reservation>1</x:reservation>", names=names)


@pytest.mark.parametrize(
    "inner",
    [
        "<tdm:policy>https://e.test/p</tdm:policy>",
        "<tdm:policy rdf:resource='https://e.test/p'/>",
    ],
    ids=["text", "resource"],
)
def test_policy(inner):
    """The URL of the policy goes with the reservation."""
    said = tdm_statement(_packet("<tdm:reservation>1</tdm:reservation>" + inner))

    assert "https://e.test/p" == said.policy


@pytest.mark.parametrize(
    ("label", "reservation", "review", "stated"),
    [
        ("UNSPECIFIED", "unset", "", {}),
        (
            "ALLOWED",
            "not_reserved",
            "",
            dict.fromkeys(("tdm", "train", "search"), "allow"),
        ),
        (
            "PROHIBITED",
            "reserved",
            "",
            dict.fromkeys(("tdm", "train", "search"), "disallow"),
        ),
        ("PROHIBITED-AIMLTRAINING", "reserved", "", {"train": "disallow"}),
        ("PROHIBITED-GENAIMLTRAINING", "reserved", "", {"train": "disallow"}),
        (
            "PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
            "reserved",
            "",
            {"tdm": "disallow", "train": "disallow", "search": "allow"},
        ),
        *(
            (
                label,
                "reserved",
                "linked_rights",
                {"tdm": "disallow", "train": "disallow"},
            )
            for label in (
                "PROHIBITED-SEECONSTRAINT",
                "PROHIBITED-SEEEMBEDDEDRIGHTSEXPR",
                "PROHIBITED-SEELINKEDRIGHTSEXPR",
            )
        ),
        ("PROHIBITED-SOMETHINGNEW", "reserved", "unknown_preference", {}),
        ("SOMETHINGNEW", "unset", "unknown_preference", {}),
    ],
)
def test_plus_vocabulary(label, reservation, review, stated):
    """Every value of the vocabulary; one that is not known is for a person."""
    said = plus_statement(VOCABULARY + label)

    assert (reservation, review, stated) == (
        said.reservation,
        said.review,
        dict(said.stated),
    )


@pytest.mark.parametrize(
    "value",
    [
        "https://ns.useplus.org/ldf/vocab/DMI-PROHIBITED",
        " http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED\n",
        "DMI-PROHIBITED",
        "dmi-prohibited",
        "Prohibited",
    ],
)
def test_plus_spellings(value):
    """A prohibition is one in every spelling."""
    assert "reserved" == plus_statement(value).reservation


@pytest.mark.parametrize("value", ["", "Allowed", "yes", "DMI-ALLOWED-ISH", "x" * 9999])
def test_plus_unknown_values(value):
    """What is not in the vocabulary is never consent and never silence."""
    said = plus_statement(value)

    assert ("unset", "unknown_preference") == (said.reservation, said.review)


@pytest.mark.parametrize(
    ("inner", "attributes"),
    [
        ("", f'plus:DataMining="{VOCABULARY}PROHIBITED"'),
        (f"<plus:DataMining>{VOCABULARY}PROHIBITED</plus:DataMining>", ""),
        (f'<plus:DataMining rdf:resource="{VOCABULARY}PROHIBITED"/>', ""),
        (
            "".join(
                f"<plus:DataMining>{VOCABULARY}{label}</plus:DataMining>"
                for label in ("ALLOWED", "PROHIBITED")
            ),
            "",
        ),
    ],
    ids=["attribute", "element", "resource", "two values"],
)
def test_plus_packet(inner, attributes):
    """The property in each of its forms; a prohibition outweighs a permission."""
    packet = _packet(inner, names=PLUS, attributes=attributes)

    assert "reserved" == plus_statement(packet).reservation


def test_newsml():
    """NewsML-G2 has the same vocabulary in an element of its own."""
    item = (
        f'<newsItem><rightsInfo><dataMining uri="{VOCABULARY}PROHIBITED"/>'
        "</rightsInfo></newsItem>"
    )

    assert "reserved" == plus_statement(item).reservation


@pytest.mark.parametrize("coding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("wrap", ["packet", "meta", "bare"])
def test_find_xmp(coding, wrap):
    """A packet is found in the bytes of a file, in each wrapping and coding."""
    text = _packet("<tdm:reservation>1</tdm:reservation>").decode()
    if wrap != "bare":
        text = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{text}</x:xmpmeta>'
    if wrap == "packet":
        text = f'<?xpacket begin="\ufeff" id="W5M0"?>{text}   <?xpacket end="w"?>'
    body = b"\x89\x00\xff" + text.encode(coding) + b"\xfe\xff<<"

    (packet,) = find_xmp(body)

    assert "reserved" == tdm_statement(packet).reservation


def test_find_two_packets():
    """Each packet of a file is found, one after another."""
    one = _packet("<tdm:reservation>0</tdm:reservation>")
    other = _packet("<tdm:reservation>1</tdm:reservation>")

    assert (one, other) == find_xmp(b"..." + one + b"\0" + other)


def test_packet_without_end_does_not_parse():
    """A packet that is cut off is found, and is no document."""
    cut = _packet("<tdm:reservation>1</tdm:reservation>")[:-12]

    (packet,) = find_xmp(cut)
    with pytest.raises(SignalError):
        tdm_statement(packet)


def test_too_many_packets_are_refused():
    """A file of packets has an end."""
    with pytest.raises(SignalError):
        find_xmp(_packet("") * (PACKETS_MAX + 1))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_bytes_around_a_packet_change_nothing(before, after):
    """A reservation is found whatever binary data is around it."""
    packet = _packet("<tdm:reservation>1</tdm:reservation>")

    assert packet in find_xmp(before + packet + after)


def test_rights_in_prose_are_for_a_person():
    """A statement of rights that speaks of mining is no silence; another one is."""
    names = f'{TDM} xmlns:dc="http://purl.org/dc/elements/1.1/"'
    about = "<dc:rights><rdf:Alt><rdf:li>{}</rdf:li></rdf:Alt></dc:rights>"
    mining = _packet(about.format("No text and data mining."), names=names)
    other = _packet(about.format("All rights reserved."), names=names)

    assert "terms_of_use" == tdm_statement(mining).review
    assert "" == tdm_statement(other).review


def test_packet_in_a_broken_coding_is_refused():
    """Octets that are no text are no packet."""
    with pytest.raises(SignalError):
        find_xmp(_packet("\ufffd").replace("\ufffd".encode(), b"\xff"))
