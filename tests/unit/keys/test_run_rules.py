"""One run, one key (ledger.keys.run_rules): KEY-11, on both ways into a ledger."""

from contextlib import closing
from random import Random

import pytest
from msgspec.structs import replace

from ledger.errors import InputError, KeyTrustError
from ledger.events.keys import KeyCompromised, KeyRetired
from ledger.events.training import RunFailed, RunKeyCertified
from ledger.format.entry import parse_entry
from ledger.format.lines import ZERO_HASH
from ledger.format.submission import parse_submission, text_hash
from ledger.keys.files import RoleGrant, grant_event, possession_text, rotation_event
from ledger.log.views import Views
from tests.unit.ledger.workshop import (
    LOW_ORDER_KEY,
    ORIGIN,
    Spool,
    key,
    lines_of,
    open_ledger,
    role_key,
)
from tests.unit.ledger.world import World

RUN = "ab" * 16
OTHER = "cd" * 16
TRAINER = f"{ORIGIN}/trainer"
STREAM = f"train/{RUN}"
NEW = type(key(TRAINER))(TRAINER, key("new trainer")._private)


def run_key(run=RUN):
    """The key of a run."""
    return key(f"{TRAINER}/{run}")


def certified(run=RUN, signer=None, role="run", **changes):
    """The certification of a run's key."""
    signer = signer or run_key(run)
    public_key = signer.verifier.public_key
    text = possession_text(ORIGIN, signer.name, role, public_key)
    event = RunKeyCertified(
        run_id=run,
        public_key=public_key.hex(),
        stream=f"train/{run}",
        possession=signer.sign(text).hex(),
    )
    return replace(event, **changes)


def events_of(run=RUN):
    """A run's events: its start, its plan, its end."""
    _, events = World(Random(8)).run()
    return [replace(event, run_id=run) for event in (*events[:2], events[-1])]


def failed(run=RUN):
    """A run's end by its failure."""
    return RunFailed(run_id=run, reason="killed", batches=0)


def hold(ledger, *signers):
    """Let this process use run keys."""
    for signer in signers:
        ledger.keys.hold(signer)


def ended(ledger, run=RUN):
    """The entry that ended a run's key, or None."""
    [grant] = [one for one in ledger.grants if one.run_id == run]
    return grant.retired_seq


def retired(signer):
    """The event that retires a key."""
    public_key = signer.verifier.public_key.hex()
    return KeyRetired(name=signer.name, public_key=public_key, reason="unused")


def declared(signer, since_seq=0):
    """The event that declares a key compromised."""
    public_key = signer.verifier.public_key.hex()
    return KeyCompromised(name=signer.name, public_key=public_key, since_seq=since_seq)


def submit(ledger, signer, stream, *events, **changes):
    """Append what a producer without the database signed as its stream's next."""
    stored = (
        parse_submission(parse_entry(row.entry).submission)[0] for row in ledger.rows()
    )
    texts = [text for text in stored if text.stream == stream]
    counter = len(texts)
    previous = text_hash(texts[-1].encode()) if texts else ZERO_HASH
    lines = lines_of(*events)
    producer = Spool(ledger.origin, ledger.genesis, stream, signer, counter, previous)
    return ledger.submit(producer.seal(lines, **changes), lines)


@pytest.fixture
def running(ledger):
    """A ledger that certified a run's key, which this process holds."""
    ledger.append([certified()], stream="train")
    hold(ledger, run_key())
    return ledger


def test_a_certification_grants_the_run_its_key(running):
    """Name, role, family and the one stream (KEY-11)."""
    grant = running.grants[-1]

    assert (run_key().verifier, "run", ["training"], STREAM, RUN) == (
        grant.verifier,
        grant.role,
        grant.families,
        grant.stream_prefix,
        grant.run_id,
    )
    assert grant.covers(STREAM)
    assert not grant.covers(f"{STREAM}/more")
    assert not grant.covers("train")


def test_a_run_is_signed_by_its_key_until_it_ends(running):
    """The entry with the run's end is the key's last."""
    *begin, end = events_of()
    running.append(begin, stream=STREAM)
    assert None is ended(running)
    receipt = running.append([end], stream=STREAM)

    assert receipt.seq == ended(running)
    with pytest.raises(KeyTrustError, match=f"run {RUN}: expected the run's own key"):
        running.append(begin[1:], stream=STREAM)
    with pytest.raises(KeyTrustError, match=f"key {TRAINER}/{RUN} has no active grant"):
        submit(running, run_key(), STREAM, *begin[1:])


def test_a_spooled_run_is_signed_by_its_key(running):
    """A worker that holds only the run's key needs no database."""
    *begin, end = events_of()
    submit(running, run_key(), STREAM, *begin)
    receipt = submit(running, run_key(), STREAM, end)

    assert receipt.seq == ended(running)


@pytest.mark.parametrize("stream", ["train", STREAM, "train/elsewhere"])
def test_the_trainer_signs_nothing_of_a_run_with_a_key(ledger, workspace, stream):
    """Not from here, where the run's key is not held, and not from a spool."""
    ledger.append([certified()], stream="train")
    trainer = role_key(workspace, "trainer")

    for attempt in (
        lambda event: ledger.append([event], stream=stream),
        lambda event: submit(ledger, trainer, stream, event),
    ):
        for event in events_of()[:2]:
            with pytest.raises(KeyTrustError, match=f"found key {TRAINER}$"):
                attempt(event)
    assert 2 == ledger.size


@pytest.mark.parametrize("stream", ["train", STREAM])
def test_the_trainer_may_say_that_the_run_failed(running, stream):
    """The one exception: the process that held the key was killed."""
    running.append(events_of()[:2], stream=STREAM)
    running.keys.let_go(run_key().verifier)
    receipt = running.append([failed()], stream=stream)

    assert receipt.seq == ended(running)


def test_a_run_key_signs_its_own_run_only(running):
    """Neither another run with a key nor one without."""
    running.append([certified(OTHER)], stream="train")

    for run in (OTHER, "ef" * 16):
        with pytest.raises(KeyTrustError, match=f"run {run}: expected the run's own"):
            running.append(events_of(run)[:1], stream=STREAM)


def test_a_run_key_signs_in_its_stream_only(running):
    """Neither above nor below it (KEY-11)."""
    for stream in ("train", f"{STREAM}/more"):
        with pytest.raises(KeyTrustError, match=f"no active grant for stream {stream}"):
            submit(running, run_key(), stream, *events_of()[:1])


def test_a_run_without_a_key_is_the_trainers(ledger):
    """As before there were such keys."""
    ledger.append(events_of(), stream="train")

    assert 2 == ledger.size
    with pytest.raises(InputError, match=r"cannot get this key \(KEY-11\)"):
        ledger.append([certified()], stream="train")


def test_a_key_does_not_sign_in_the_entry_that_certifies_it(ledger):
    """Nor does the trainer sign what comes after it in that entry."""
    with pytest.raises(KeyTrustError, match="expected the run's own key"):
        ledger.append([certified(), *events_of()[:1]], stream="train")
    with pytest.raises(InputError, match="cannot get this key"):
        ledger.append([*events_of()[:1], certified()], stream="train")


REFUSED = {
    "its own stream": {"stream": "train"},
    "another stream": {"stream": "shards/1"},
    "a stream that begins alike": {"stream": "training/1"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_a_run_gets_a_stream_below_the_certifications(ledger, changes):
    """Not that one itself, and no other's."""
    with pytest.raises(InputError, match=r"cannot get this key \(KEY-11\)"):
        ledger.append([certified(**changes)], stream="train")


def test_a_run_is_certified_once(running):
    """Not again after its end either."""
    second = certified(signer=type(run_key())(run_key().name, key("x")._private))
    with pytest.raises(InputError, match="cannot get this key"):
        running.append([second], stream="train")
    running.append(events_of(), stream=STREAM)
    with pytest.raises(InputError, match="cannot get this key"):
        running.append([second], stream="train")


def test_a_run_key_is_nobody_elses(ledger, workspace):
    """A key is granted once, for whatever (KEY-7)."""
    ci = role_key(workspace, "ci")
    used = type(ci)(run_key().name, ci._private)

    with pytest.raises(InputError, match="cannot get this key"):
        ledger.append([certified(signer=used)], stream="train")


def test_a_name_in_use_is_refused(ledger):
    """Two active keys of one name could not be told apart (KEY-7)."""
    grant = RoleGrant(role="trainer", stream="train", families=("training",))
    named = type(NEW)(run_key().name, key("x")._private)
    ledger.append([grant_event(ORIGIN, grant, named)], stream="root")

    with pytest.raises(InputError, match="cannot get this key"):
        ledger.append([certified()], stream="train")


UNTRUSTED = {
    "weak": ({"public_key": LOW_ORDER_KEY}, "low order"),
    "not the holder": ({"possession": "00" * 64}, "signature does not verify"),
    "another role": (
        {"possession": certified(role="trainer").possession},
        "signature does not verify",
    ),
}


@pytest.mark.parametrize(("changes", "message"), UNTRUSTED.values(), ids=UNTRUSTED)
def test_possession_of_a_run_key_must_verify(ledger, changes, message):
    """As for every granted key (KEY-1, KEY-2, KEY-5)."""
    with pytest.raises(KeyTrustError, match=message):
        ledger.append([certified(**changes)], stream="train")


def test_only_a_trainer_certifies(ledger):
    """Another role with the family training may not."""
    tuner = key(f"{ORIGIN}/tuner")
    grant = RoleGrant(role="eraser", stream="tune", families=("training",))
    ledger.append([grant_event(ORIGIN, grant, tuner)], stream="root")

    with pytest.raises(KeyTrustError, match="only a key of role trainer"):
        submit(ledger, tuner, "tune", certified(stream="tune/1"))


def test_a_run_key_certifies_nothing(running):
    """Its role is not trainer."""
    with pytest.raises(KeyTrustError, match="only a key of role trainer"):
        running.append([certified(OTHER, stream=f"{STREAM}/x")], stream=STREAM)


def test_a_rotation_of_the_trainer_ends_no_run(running, workspace):
    """Both the run's key and the new trainer go on; the new one may close the run."""
    old = role_key(workspace, "trainer")
    event = rotation_event(ORIGIN, "trainer", old, NEW)
    running.append([event], stream="root")
    running.append(events_of()[:2], stream=STREAM)
    hold(running, NEW)

    assert 4 == running.append([failed()], stream="train").seq == ended(running)


@pytest.mark.parametrize("end", [retired, declared])
def test_the_end_of_the_trainer_ends_its_runs(running, workspace, end):
    """Retired or declared compromised (KEY-11); another run's key is not hit."""
    receipt = running.append([end(role_key(workspace, "trainer"))], stream="root")

    assert receipt.seq == ended(running)
    with pytest.raises(KeyTrustError, match="no active key may sign training"):
        running.append(events_of()[:1], stream=STREAM)


def test_the_end_of_a_successor_ends_the_runs_it_took_over(running, workspace):
    """A rotation hands the runs over too."""
    old = role_key(workspace, "trainer")
    running.append([rotation_event(ORIGIN, "trainer", old, NEW)], stream="root")

    assert 3 == running.append([retired(NEW)], stream="root").seq == ended(running)


def test_a_declaration_of_the_old_trainer_spares_later_runs(running, workspace):
    """What the new one certified goes on."""
    old = role_key(workspace, "trainer")
    running.append([rotation_event(ORIGIN, "trainer", old, NEW)], stream="root")
    hold(running, NEW)
    running.append([certified(OTHER)], stream="train")
    running.append([declared(old)], stream="root")

    assert (4, None) == (ended(running), ended(running, OTHER))


def test_a_new_trainer_closes_a_run_whose_certifier_is_gone(running, workspace):
    """Otherwise a theft would leave the run open for ever."""
    grant = RoleGrant(role="trainer", stream="train", families=("training",))
    events = [declared(role_key(workspace, "trainer")), grant_event(ORIGIN, grant, NEW)]
    running.append(events_of()[:2], stream=STREAM)
    running.append(events[:1], stream="root")
    running.append(events[1:], stream="root")
    hold(running, NEW)

    assert 5 == running.append([failed()], stream="train").seq


def test_a_run_key_is_declared_compromised_like_any(running):
    """KEY-10 names certified keys too."""
    running.append([declared(run_key(), 1)], stream="root")

    assert (2, 1) == (ended(running), running.grants[-1].compromised_since)


@pytest.mark.parametrize(
    "event",
    [
        retired(run_key()),
        rotation_event(
            ORIGIN, "run", run_key(), type(NEW)(run_key().name, key("x")._private)
        ),
    ],
    ids=["retired", "rotated"],
)
def test_a_run_key_is_neither_retired_nor_rotated(running, event):
    """It ends with its run or its certifier (KEY-11)."""
    with pytest.raises(InputError, match="is not active"):
        running.append([event], stream="root")


def test_the_cache_remembers_run_keys(running, workspace):
    """A process that opens the ledger later refuses what this one would."""
    running.append(events_of()[:2], stream=STREAM)
    running.close()

    with closing(Views(workspace / "acme.views")) as views:
        cached = views.load_state()
    assert {RUN: run_key().verifier.public_key.hex()} == cached.grants.runs
    with open_ledger(workspace) as again:
        assert None is ended(again)
        with pytest.raises(KeyTrustError, match="expected the run's own key"):
            again.append(events_of()[1:2], stream="train")
        hold(again, run_key())
        assert 3 == again.append(events_of()[2:], stream=STREAM).seq == ended(again)


def test_an_older_cache_is_made_anew(running, workspace):
    """A state without what this version follows is read from the ledger again."""
    running.close()
    views = Views(workspace / "acme.views")
    size, content = views.load("state")
    for grant in content["grants"]["grants"]:
        del grant["granted_seq"]
    views.save("state", size, content)
    views.close()

    with open_ledger(workspace) as again:
        assert (2, STREAM) == (again.size, again.grants[-1].stream_prefix)


def test_events_of_a_stream_are_those_below_it_too(running):
    """`train` yields every run; a stream that only begins alike is another one."""
    running.append(events_of()[:2], stream=STREAM)
    kinds = [type(one.event).__name__ for one in running.events(stream="train")]

    assert ["RunKeyCertified", "RunStarted", "PlanRegistered"] == kinds
    assert 2 == len(list(running.events(stream=STREAM)))
    assert [] == list(running.events(stream="trai"))
