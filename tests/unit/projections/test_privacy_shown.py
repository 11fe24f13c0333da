"""What people read of differential privacy: never more than the events give."""

from msgspec.structs import replace

from ledger.events.training_saved import PrivacyAccounted
from ledger.export.privacy_status import (
    maps_with_privacy,
    privacy_facts,
    privacy_lines,
)
from ledger.projections import rebuild
from ledger.projections.provider_status import decide
from ledger.projections.training_summary import Field, draft

from .builders import declared, finished, ident, metered, record, saved, started
from .test_privacy import PRIVATE, START, accounted, worked_out

MIXED = [
    *START,
    accounted(),
    saved(weights="top"),
    saved(shard=1, weights="other"),
    finished(adapters={0: "top", 1: "other"}),
]


def lines(*events):
    return privacy_lines(privacy_facts(rebuild(record(events))))


def processing(*events) -> Field:
    """Field 3.3.a of the summary."""
    states = rebuild(record(events))
    summary = draft(
        "acme",
        sources=states["training_sources"],
        shards=states["shards"],
        compute=states["compute"],
        optout=states["optout"],
        status=decide(states["compute"]),
        privacy=maps_with_privacy(states),
    )
    return summary.fields()["3.3.a"]


def test_line_says_the_figure_rounded_up():
    """Two digits for a person, for what serves and for all that was ever trained."""
    [line] = lines(*PRIVATE)

    assert "1.22711" == worked_out(20)
    assert 2 == line.count("epsilon 1.23 ")
    assert 2 == line.count("at delta 0.00001")
    assert ident("map") in line


def test_shard_without_takes_the_figure_away():
    """One shard that learnt without it is said, and no number is."""
    [line] = lines(*MIXED)

    assert "no bound (1 of 2 shards have none)" in line
    assert "epsilon" not in line


def test_weights_that_do_not_serve_yet_are_said_apart():
    """A run that goes on has trained something and serves nothing."""
    [line] = lines(*PRIVATE[:4])

    assert "in service: nothing; in all weights ever trained: epsilon" in line


def test_training_without_any_has_no_line():
    """Nothing is said of what was never asked for."""
    assert [] == lines(*START, saved(weights="top"), finished(adapters={0: "top"}))


def test_stated_epsilon_is_not_what_is_shown():
    """A trainer that states 0 is shown with what its steps give."""
    events = [
        replace(one, epsilon_ppm=0) if isinstance(one, PrivacyAccounted) else one
        for one in PRIVATE
    ]
    [found] = privacy_facts(rebuild(record(events)))["privacy"]

    assert "0" == found["in_service"]["stated_epsilon"]
    assert worked_out(20) == found["in_service"]["epsilon"]


def test_summary_states_it_where_all_that_serves_has_it():
    """With the unit, since a row is no person."""
    field = processing(*PRIVATE, metered())

    assert f"epsilon {worked_out(20)} at delta 0.00001" in field.value
    assert "neither a record nor a person" in field.value
    assert ("training.privacy_accounted.v1",) == field.events


def test_summary_is_silent_where_a_shard_lacks_it():
    """A figure of a part would be read as one of the whole."""
    assert "privacy" not in processing(*MIXED).value


def test_summary_is_silent_where_another_map_of_the_model_lacks_it():
    """Both maps' weights are of the model."""
    other = [
        declared("second"),
        started("second", map_id=ident("second")),
        saved("second", weights="plain"),
        finished("second", adapters={0: "plain"}),
    ]

    assert "privacy" not in processing(*PRIVATE, *other).value
