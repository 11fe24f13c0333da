"""producers.ingest.register: which licence covers a text now."""

import pytest

from ledger.errors import InputError
from ledger.events import decode_event, encode_event
from ledger.events.licence import LicenceGranted, LicenceRevoked
from producers.ingest.register import Register, check_grant, in_register

NOW_MS = 1_000_000
SITE, OTHER_SITE = "a" * 32, "b" * 32
EVERYWHERE = frozenset({"eu", "uk"})


def licence(number=1, **changes):
    """A licence to train on one site's texts, in force now."""
    fields = {
        "licence_id": f"{number:032x}",
        "covers": "content",
        "expression": "",
        "text_sha256": "c" * 64,
        "proof_sha256": "",
        "permits": ["train", "commercial"],
        "conditions": [],
        "users_max": 0,
        "jurisdictions": ["eu", "uk"],
        "sites": [SITE],
        "overrides": [],
        "model": "",
        "starts_at_ms": 0,
        "expires_at_ms": NOW_MS + 1,
    }
    event = LicenceGranted(**{**fields, **changes})
    return decode_event(encode_event(event, salt="0" * 24))


def find(*granted, sites=(SITE,), stated="", wanted=EVERYWHERE):
    """Id of the licence that covers a text, or None."""
    found = Register(granted, wanted).find(sites, stated, NOW_MS)
    return None if found is None else found.licence_id


def test_a_licence_of_the_site():
    """A licence in force covers the texts of its sites, where it holds."""
    found = Register([licence(jurisdictions=["uk"])], EVERYWHERE).find(
        [SITE], "", NOW_MS
    )

    assert (licence().licence_id, frozenset({"uk"})) == (
        found.licence_id,
        found.jurisdictions,
    )


NO_BASIS = {
    "another-site": {"sites": [OTHER_SITE]},
    "no-site": {"sites": []},
    "ended-now": {"expires_at_ms": NOW_MS},
    "not-begun": {"starts_at_ms": NOW_MS + 1, "expires_at_ms": NOW_MS + 2},
    "a-model": {"covers": "model", "model": "base-7b", "sites": []},
    "no-training": {"permits": ["derive", "output", "commercial"]},
    "not-for-gain": {"permits": ["train", "derive", "output"]},
    "non-commercial": {"conditions": ["non_commercial"]},
    "refused-by-the-table": {"expression": "CC-BY-NC-4.0"},
}


@pytest.mark.parametrize("changes", NO_BASIS.values(), ids=NO_BASIS)
def test_no_basis(changes):
    """Nothing but a licence to train on this site, in force now, covers its texts."""
    assert find(licence(**changes)) is None


@pytest.mark.parametrize("site", [OTHER_SITE, ""], ids=["another", "unknown"])
def test_a_text_of_another_site(site):
    """A licence says nothing about sites that it does not name."""
    assert find(licence(), sites=[site]) is None


def test_a_text_that_another_site_answered():
    """Where redirects lead elsewhere, a licence must name both sites."""
    both, named = licence(1, sites=[SITE, OTHER_SITE]), licence(2)
    ends = [SITE, OTHER_SITE]

    assert (
        None
        is find(named, sites=ends)
        is find(named, sites=ends, stated=named.licence_id)
    )
    assert both.licence_id == find(named, both, sites=ends)


def test_conditions_do_not_stand_in_the_way():
    """Naming, share-alike and thresholds bind whoever distributes; they are shown."""
    conditions = ["naming", "share_alike", "use_restrictions", "user_threshold"]

    assert licence().licence_id == find(licence(conditions=conditions, users_max=9))


def test_the_widest_licence_counts():
    """Of several, the one that holds in most jurisdictions of the policy."""
    eu, both = licence(9, jurisdictions=["eu"]), licence(1)

    assert both.licence_id == find(eu, both) == find(both, eu)
    assert eu.licence_id == find(eu, both, wanted=frozenset({"eu"}))


def test_the_longest_licence_counts():
    """Of several that hold in the same places, the one that ends last."""
    short, long = licence(9), licence(1, expires_at_ms=NOW_MS + 9)

    assert long.licence_id == find(short, long) == find(long, short)


def test_a_licence_by_name():
    """A record may name a licence; then no other counts."""
    named, other = licence(1, sites=[]), licence(2)

    assert named.licence_id == find(named, other, stated=named.licence_id)
    assert named.licence_id == find(named, other, stated=named.licence_id, sites=())


@pytest.mark.parametrize(
    ("named", "site"),
    [(licence(3), [SITE]), (licence(1, sites=[OTHER_SITE]), [SITE]), (licence(1), [])],
    ids=["unknown", "of-another-site", "text-of-no-site"],
)
def test_a_name_that_does_not_cover(named, site):
    """A named licence that does not cover the text lets no other stand in for it."""
    granted = [licence(2)] if named.licence_id == licence(3).licence_id else [named]

    assert find(*granted, licence(2), stated=named.licence_id, sites=site) is None


def test_in_register():
    """The register holds what was granted and not revoked, oldest first."""
    revoked = LicenceRevoked(
        licence_id=licence(2).licence_id, reason="breach", revoked_at_ms=5
    )
    events = [licence(1), licence(2), revoked, licence(3)]

    assert [licence(1), licence(3)] == in_register(events)


GOOD = {
    "text": {},
    "expression": {"expression": "CC-BY-4.0", "text_sha256": ""},
    "no-site": {"sites": []},
    "model": {
        "covers": "model",
        "model": "base-7b",
        "sites": [],
        "expression": "CC-BY-NC-4.0",
        "conditions": ["non_commercial", "user_threshold"],
        "users_max": 700_000_000,
    },
    "non-commercial-without-training": {
        "expression": "CC-BY-NC-4.0",
        "permits": ["derive"],
    },
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD)
def test_grant_that_may_be_entered(changes):
    """Content by text or expression; base models whatever they demand."""
    check_grant(licence(**changes))


BAD = {
    "no-terms": ({"text_sha256": ""}, "an SPDX expression or the licence's text"),
    "no-duration": ({"expires_at_ms": 0}, "an end after the start"),
    "no-model": ({"covers": "model", "sites": []}, "the name of a model"),
    "stray-model": ({"model": "base-7b", "sites": []}, "the name of a model"),
    "model-and-sites": ({"covers": "model", "model": "m"}, "sites or a model"),
    "threshold": ({"conditions": ["user_threshold"]}, "largest number of users"),
    "users": ({"users_max": 9}, "largest number of users"),
    "refused": ({"expression": "CC-BY-NC-4.0"}, "an expression that permits to train"),
    "twice": ({"permits": ["train", "train"]}, "each of the permits once"),
}


@pytest.mark.parametrize(("changes", "rule"), BAD.values(), ids=BAD)
def test_grant_that_contradicts_itself(changes, rule):
    """A contradictory licence is refused by the rule that it breaks."""
    with pytest.raises(InputError, match=f"^licence: expected .*{rule}"):
        check_grant(licence(**changes))
