"""The training summary: every field, and unknown that stays unknown."""

import pytest

from ledger.errors import InputError
from ledger.projections import rebuild
from ledger.projections.provider_status import decide
from ledger.projections.summary_markdown import to_markdown
from ledger.projections.training_summary import (
    ANSWER_CHARS_MAX,
    Summary,
    draft,
    with_attested,
    with_domains,
)
from ledger.rules.summary import summary_template

from .builders import (
    assigned,
    decided,
    declared,
    digest,
    erased,
    finished,
    ident,
    metered,
    record,
    rolled_back,
    saved,
    scanned,
    started,
    whole_run,
)


def drafted(*events) -> Summary:
    states = rebuild(record(events))
    return draft(
        "acme",
        sources=states["training_sources"],
        shards=states["shards"],
        compute=states["compute"],
        optout=states["optout"],
        status=decide(states["compute"]),
    )


WEB = {"source_kind": "web", "eu_basis": "tdm_article_4", "scan_id": ident("scan")}
TRAINED = (
    declared(),
    scanned("scan"),
    decided("web", **WEB),
    decided("book"),
    decided("no", decision="blocked", reasons=["scan_reserved"], commitment=""),
    assigned("web", 0, 0),
    assigned("book", 1, 1),
    started(),
    metered(forward=1),
    saved(shard=0, slice_=1, tokens_unique=400_000_000),
    saved(shard=1, slice_=1, tokens_unique=600_000_000),
    finished(forward=1, adapters={0: "run-0-1", 1: "run-1-1"}),
)
"""A web record and a licensed one, trained in two shards."""


def values(summary: Summary) -> dict[str, tuple[str, str]]:
    return {key: (item.value, item.status) for key, item in summary.fields().items()}


def test_every_field_of_the_template_in_its_order():
    """A draft from almost no events still shows all 53 fields."""
    fields = drafted(*whole_run()).fields()

    assert [(f.id, f.label) for f in summary_template()[0].fields()] == [
        (field.id, field.label) for field in fields.values()
    ]


def test_absence_of_events_is_unknown_and_never_no():
    """Without a record or scan, no question of section 2 is answered."""
    fields = drafted(*whole_run()).fields()

    for field in fields.values():
        assert not field.value.casefold().startswith("no"), field.id
        if field.id.startswith("2."):
            assert ("", "unknown") == (field.value, field.status)


def test_derived_fields():
    """What the events show is derived from them, and says from which."""
    found = values(drafted(*TRAINED))

    assert ("Text", "ledger") == found["1.3.a"]
    assert ("Text: 1 billion to 10 trillion tokens", "ledger") == found["1.3.b"]
    assert ("11/2026", "ledger") == found["1.3.d"]
    assert ("Yes", "ledger") == found["2.2.1.a"]
    assert ("Text", "ledger") == found["2.2.1.b"]
    assert ("Yes", "ledger") == found["2.3.a"]
    assert ("tuneledger", "ledger") == found["2.3.b"]
    assert ("tuneledger/0.1: 11/2026 to 11/2026", "ledger") == found["2.3.e"]
    assert ("Text", "ledger") == found["2.3.g"]
    assert ("", "unknown") == found["2.1.a"]
    assert drafted(*TRAINED).fields()["2.3.a"].events


def test_exclusions_are_counted_by_reason():
    """Field 3.1.b names the protocols that were read and what they kept out."""
    value = drafted(*TRAINED).fields()["3.1.b"].value

    assert "robots.txt (RFC 9309)" in value
    assert "1 records blocked (scan_reserved 1)" in value


def test_the_base_is_a_dependency():
    """Field 1.2.b names the base, its digest and its licence."""
    value = drafted(*TRAINED).fields()["1.2.b"].value

    assert f"base (weights SHA-256 {digest('base')}, licence Apache-2.0)" == value


def test_accepted_but_not_assigned_is_not_used():
    """A record that is in no training set answers no question."""
    found = values(
        drafted(*TRAINED, decided("late", source_kind="synthetic", licence=""))
    )

    assert ("", "unknown") == found["2.5.a"]


def test_erased_records_leave_the_summary():
    """After its only web record is erased, the set holds no crawled site."""
    before, after = drafted(*TRAINED), drafted(*TRAINED, erased("web"))

    assert ({ident("site"): 1}, {}) == (before.sites, after.sites)
    assert "1 records erased on request" in after.fields()["3.3.a"].value


def test_sizes_follow_what_is_served():
    """A shard rolled back to the base holds no tokens."""
    summary = drafted(*TRAINED, erased("web"), rolled_back(0, "base"))

    assert "Text: Less than 1 billion tokens" == summary.fields()["1.3.b"].value


def test_user_data_does_not_say_from_where():
    """User records answer neither question of 2.4 alone, and the note says why."""
    fields = drafted(
        decided("chat", source_kind="user"),
        declared(),
        assigned("chat"),
        started(),
        finished(batches=0),
    ).fields()

    assert ("", "unknown") == (fields["2.4.a"].value, fields["2.4.a"].status)
    assert "user records are in the training set" in fields["2.4.b"].note
    assert "Text" == fields["2.4.d"].value


@pytest.mark.parametrize(
    ("base_flop", "flop", "starts"),
    [
        (str(10**24), 10**24, "Draft of a public summary"),
        (str(10**24), 1, "This is not a summary under Article 53(1)(d)"),
        ("", 1, "This is not yet a summary under Article 53(1)(d)"),
    ],
    ids=["indicated", "not indicated", "unknown"],
)
def test_the_statement_follows_the_provider_status(base_flop, flop, starts):
    """Only an indicated provider's draft is called an Article 53(1)(d) summary."""
    summary = drafted(*whole_run(flop=flop, base_flop=base_flop))

    assert summary.statement.startswith(starts)
    assert starts in to_markdown(summary)


def test_an_assigned_record_without_a_decision_is_noted():
    """It answers no question, and the draft says that it is there."""
    field = drafted(*TRAINED, assigned("ghost")).fields()["2.6.c"]

    assert ("", "unknown") == (field.value, field.status)
    assert "1 assigned records have no ingest decision" == field.note


def test_before_any_run_finished_there_is_no_dependency():
    """An open run has made no model that could depend on a base."""
    field = drafted(started()).fields()["1.2.b"]

    assert ("unknown", "no run of this model has finished") == (
        field.status,
        field.note,
    )


def test_a_scan_far_in_the_future_has_no_month():
    """A time that no calendar holds is left out, not a crash."""
    fields = drafted(
        scanned("scan", scanned_at_ms=2**53 - 1), *TRAINED[:1], *TRAINED[2:]
    ).fields()

    assert "unknown" == fields["2.3.e"].status


def test_a_model_that_no_run_names_is_refused():
    """There is no summary of an unknown model."""
    with pytest.raises(InputError, match="no training run names the model"):
        drafted(*whole_run(model_name="other"))


@pytest.mark.parametrize(
    ("names", "sme", "listed"),
    [
        (10, None, 1),
        (11, None, 2),
        (11, False, 2),
        (20, True, 1),
        (21, True, 2),
        (30_000, True, 1000),
        (1, False, 1),
    ],
)
def test_domains_are_a_share_of_the_names(names, sme, listed):
    """Ten percent of the names rounded up; for an SME five, at most 1000."""
    sizes = {f"{number:05}.example": number for number in range(names)}
    field = with_domains(drafted(*TRAINED), sizes, sme=sme).fields()["2.3.h"]

    assert listed == len(field.value.split(", "))
    assert "ledger" == field.status


def test_domains_are_ranked_by_size_then_name():
    """Largest first; equal sizes by name."""
    sizes = dict.fromkeys(("c.example", "b.example", "a.example"), 5) | {
        f"{number:02}.example": 1 for number in range(17)
    }
    field = with_domains(drafted(*TRAINED), sizes, sme=None).fields()["2.3.h"]

    assert "a.example, b.example" == field.value
    assert "not attested" in field.note


def test_no_domains_stay_unknown():
    """An empty mapping answers nothing."""
    field = with_domains(drafted(*TRAINED), {}, sme=None).fields()["2.3.h"]

    assert ("", "unknown") == (field.value, field.status)


def test_negative_sizes_are_refused():
    """A size is a count of bytes."""
    with pytest.raises(InputError, match="negative size"):
        with_domains(drafted(*TRAINED), {"a.example": -1}, sme=None)


def test_attested_answers_fill_unknown_fields():
    """A person may say No where the ledger says nothing."""
    summary = with_attested(drafted(*TRAINED), {"2.4.a": " No "})

    assert ("No", "attested") == values(summary)["2.4.a"]


def test_attested_answers_stand_beside_the_ledgers():
    """The derived value stays; the statement is an addition."""
    field = with_attested(drafted(*TRAINED), {"1.2.b": "Summary: see site"}).fields()[
        "1.2.b"
    ]

    assert ("ledger", "Summary: see site") == (field.status, field.addition)


def test_markdown_shows_an_addition():
    """What a person added stands under the derived answer."""
    summary = with_attested(drafted(*TRAINED), {"1.2.b": "Summary: see site"})

    assert "  - Attested: Summary: see site" in to_markdown(summary)


@pytest.mark.parametrize(
    ("field_id", "answer", "message"),
    [
        ("2.3.a", "No.", "the ledger shows a Yes"),
        ("9.9", "x", "no field '9.9'"),
        ("2.4.a", "  ", "expected 1 to"),
        ("2.4.a", "x" * (ANSWER_CHARS_MAX + 1), "expected 1 to"),
    ],
    ids=["contradiction", "no such field", "empty", "too long"],
)
def test_attested_answers_that_are_refused(field_id, answer, message):
    """A denial of what the ledger shows, a wrong id, or a wrong size."""
    with pytest.raises(InputError, match=message):
        with_attested(drafted(*TRAINED), {field_id: answer})


def test_markdown_shows_every_field_and_no_site():
    """Each field has its line, unknown ones too; opaque site ids stay out."""
    text = to_markdown(drafted(*TRAINED))

    for field in summary_template()[0].fields():
        assert f"- **{field.id} " in text
    assert ident("site") not in text


def test_markdown_escapes_what_comes_from_outside():
    """An answer cannot add a heading, a link or markup."""
    summary = with_attested(
        drafted(*TRAINED), {"1.1.a": "A\n# B\x1b [c](http://d) <e> `f`"}
    )
    text = to_markdown(summary)

    assert r"A \# B \[c\](http://d) \<e\> \`f\`" in text
