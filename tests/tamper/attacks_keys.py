"""T11 to T15, T19 and T20: attacks with stolen keys, and on who may sign.

Each says which keys it takes.
"""

import json

from tests.simulator import Key, LedgerSimulator
from tests.tamper.anchoring import Anchors, Witness
from tests.tamper.attack import Scene, attack
from tests.tamper.attacks_history import EVERY_KEY, forged_decision, pending
from tests.tamper.chapters import LATE_RUN, ROLES, ident, metered, run_started
from tests.tamper.story import Story
from tests.tamper.thief import rewrite


@attack("T11", after="BROKEN", code="SIGNER_NOT_ALLOWED")
def retired_key_claims_an_earlier_time(scene):
    """With a retired ingest key and the log key: what it signs claims to be older."""
    ledger = scene.ledger
    before = ledger.now_ms
    ledger.submit("root", [ledger.retired(ledger.key("ingest"))])
    ledger.submit(
        "ingest", [pending(ledger, 60)], lines_changed={"claimed_at_ms": before}
    )
    scene.write()


@attack("T11", after="L0", code="STATEMENTS_UNTRUSTED")
def key_stolen_before_it_was_declared(scene):
    """With a stolen ingest key, declared later: what it signed since is not trusted."""
    ledger = scene.ledger
    key = ledger.key("ingest")
    stolen_at = ledger.submit("ingest", [pending(ledger, 60)])
    ledger.submit("root", [ledger.compromised(key, stolen_at)])
    scene.write()


@attack("T11", auditor="policy", after="L0", code="STATEMENTS_UNTRUSTED")
def lie_from_before_the_theft_was_dated(scene):
    """With a stolen ingest key: the lie is older than `since`, but no anchor is."""
    ledger = scene.ledger
    ledger.submit("ingest", [pending(ledger, 60)])
    ledger.submit("ingest", [pending(ledger, 61)])
    since = len(ledger.entries)
    ledger.submit("root", [ledger.compromised(ledger.key("ingest"), since)])
    scene.anchor()
    scene.write()


@attack("T11", after="BROKEN", code="SIGNER_NOT_ALLOWED")
def run_key_after_its_run(scene):
    """With the key of a run that has ended, and the log key: one more batch."""
    event = metered(scene.ledger, LATE_RUN, 1, 0, 0)
    scene.ledger.submit(f"trainer/{LATE_RUN}", [event])
    scene.write()


@attack("T11", after="BROKEN", code="RUN_KEY")
def trainer_key_in_a_run_with_a_key_of_its_own(scene):
    """With the trainer and log keys: a batch of a run that another key speaks for."""
    ledger, run = scene.ledger, ident("open run")
    ledger.submit("trainer", [ledger.certified(run)])
    plain = {"map_id": "", "shards": [], "slices": 0}
    ledger.submit(f"trainer/{run}", [run_started(ledger, run, **plain)])
    ledger.submit("trainer", [metered(ledger, run, 0, 0, 0)])
    scene.write()


@attack("T12", after="BROKEN", code="CHECKPOINT_SIGNATURE")
def replaced_log_key_signs_on(scene):
    """With a log key that was replaced: it signs one more checkpoint."""
    ledger = scene.ledger
    ledger.submit("ingest", [pending(ledger, 60)], checkpoint=False)
    ledger.checkpoint(key=Key(ledger.origin, f"{ledger.seed}/log-0"))
    scene.write()


@attack("T12", after="BROKEN", code="SIGNATURE_LINES")
def log_key_replaced_by_itself(scene):
    """With the log key: it retires itself and grants another, without root."""
    ledger = scene.ledger
    new = Key(ledger.origin, "thief")
    events = [ledger.retired(ledger.log), ledger.granted(new, "log", [], "log")]
    ledger.submit("root", events, ledger.log)
    ledger.checkpoint(key=new)
    scene.write()


@attack("T12", after="BROKEN", code="SIGNATURE_LINES")
def log_key_rotated_by_itself(scene):
    """With the log key: a rotation that it and the new key sign, without root."""
    ledger = scene.ledger
    event = ledger.rotated(ledger.log, ledger.successor("log"), "log")
    ledger.submit("root", [event], ledger.log)
    scene.write()


@attack("T12", after="BROKEN", code="KEY_CONSENT")
def key_rotated_without_the_old_one(scene):
    """With the root and log keys: a rotation that the old key did not agree to."""
    ledger = scene.ledger
    event = ledger.rotated(ledger.key("ingest"), ledger.successor("ingest"), "ingest")
    ledger.submit("root", [event | {"consent": event["possession"]}])
    scene.write()


@attack("T13", after="BROKEN", code="SIGNATURE_LINES")
def key_granted_in_the_root_stream_by_ingest(scene):
    """With the ingest and log keys: a grant in the stream `root`."""
    ledger = scene.ledger
    event = ledger.granted(Key("thief", "thief"), "eraser", ["erasure"], "eraser")
    ledger.submit("root", [event], ledger.key("ingest"))
    scene.write()


@attack("T13", after="BROKEN", code="FAMILY_NOT_ALLOWED")
def key_granted_in_its_own_stream_by_ingest(scene):
    """With the ingest and log keys: a grant in the stream `ingest`."""
    ledger = scene.ledger
    event = ledger.granted(Key("thief", "thief"), "eraser", ["erasure"], "eraser")
    ledger.submit("ingest", [event])
    scene.write()


@attack("T14", after="L0", code="ROOT_DIFFERS")
@attack("T14", auditor="policy", after="L0", code="ROOT_DIFFERS")
def own_root_under_the_same_name(scene):
    """No key: the whole ledger again under a root key of one's own."""
    scene.ledger = Story(seed="thief").build()
    scene.anchors = Anchors()
    scene.write()


@attack("T14", after="BROKEN", code="FILE_SCHEMA")
def policy_inside_the_file(scene):
    """A table with a trust policy for whoever might read one there."""
    scene.ledger.write(scene.folder / "with-policy.ledger")
    scene.path.unlink()
    scene.ledger.write(
        scene.path, extra_sql=("CREATE TABLE trust (policy TEXT) STRICT",)
    )


@attack("T14", auditor="policy", after="L0", code="ROLE_NOT_ALLOWED")
def role_with_more_than_the_policy_allows(scene):
    """With the root and log keys: ingest is granted the family of the eraser."""
    text = (scene.auditor.folder / "trust.toml").read_text()
    roles = [f"{role} = {json.dumps(may)}" for role, may in ROLES.items() if may]
    whole = "\n".join([text, "[roles]", *roles, ""])
    (scene.auditor.folder / "trust.toml").write_text(whole)
    assert scene.read().exit_code == 0
    ledger = scene.ledger
    key = ledger.key("ingest-2")
    grant = ledger.granted(key, "ingest", ["erasure", "ingest"], "ingest-2")
    ledger.submit("root", [grant])
    scene.anchor()
    scene.write()


@attack("T15", after="BROKEN", code="KEY_LOW_ORDER")
def key_under_which_everything_verifies(scene):
    """With the root and log keys: a grant to a point of low order."""
    ledger = scene.ledger
    event = ledger.granted(ledger.key("weak"), "ingest", ["ingest"], "weak")
    weak = {"public_key": "01" + "00" * 31, "possession": "01" + "00" * 63}
    ledger.submit("root", [event | weak])
    scene.write()


@attack("T15", after="BROKEN", code="KEY_ENCODING")
def key_in_a_second_spelling(scene):
    """With the root and log keys: a grant to a point whose y is not reduced."""
    ledger = scene.ledger
    event = ledger.granted(ledger.key("weak"), "ingest", ["ingest"], "weak")
    ledger.submit("root", [event | {"public_key": "ee" + "ff" * 30 + "7f"}])
    scene.write()


def replace_roots(scene: Scene) -> LedgerSimulator:
    """A ledger with two of three root keys, which the auditor of the scene knows."""
    ledger = LedgerSimulator(root_count=3, threshold=2)
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "log")]
    )
    scene.ledger = ledger
    scene.auditor.roots = [key.vkey for key in ledger.roots]
    scene.auditor.threshold = 2
    return ledger


@attack("T19", after="BROKEN", code="SIGNATURE_LINES")
def one_root_key_signs_twice(scene):
    """With one of three root keys and the log key: its line counted twice."""
    ledger = replace_roots(scene)
    grant = ledger.granted(ledger.key("ingest"), "ingest", ["ingest"], "ingest")
    ledger.submit("root", [grant], ledger.roots[0], ledger.roots[0])
    scene.write()


@attack("T19", after="L0", code="ROOT_THRESHOLD")
def threshold_lowered_in_a_new_genesis(scene):
    """With one of two root keys: a genesis under both that asks for one signature."""
    honest = LedgerSimulator(root_count=2, threshold=2)
    scene.auditor.roots = [key.vkey for key in honest.roots]
    scene.auditor.threshold = 2
    ledger = LedgerSimulator(root_count=2)
    grant = ledger.granted(ledger.log, "log", [], "log")
    ledger.submit("root", [ledger.created(), grant], ledger.roots[0])
    scene.ledger = ledger
    scene.write()


@attack("T19", after="BROKEN", code="GENESIS")
def one_root_key_under_two_names(scene):
    """With one root key: a genesis that lists it twice."""
    ledger = LedgerSimulator(root_count=2, threshold=2)
    twin = ledger.roots[0]
    ledger.roots[1].private, ledger.roots[1].public = twin.private, twin.public
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "log")]
    )
    scene.ledger = ledger
    scene.write()


@attack("T19", auditor="policy", after="L2", code="NOT_WITNESSED")
def one_witness_counted_twice(scene):
    """One witness cosigns twice; the quorum asks for two of three."""
    size, _ = scene.anchors.cosignatures[0]
    note = scene.ledger.checkpoints[size]
    witness = scene.auditor.witnesses[0]
    at = scene.ledger.now_ms
    lines = [(size, witness.line(note, at + 1000 * n)) for n in range(3)]
    scene.anchors.cosignatures = lines
    scene.write()


@attack("T20", auditor="policy", after="L2", code="WITNESS_NOT_INDEPENDENT")
def witness_with_a_key_of_the_ledger(scene):
    """With two role keys: the reader was talked into them as witnesses."""
    size = scene.anchors.cosignatures[0][0]
    own = [Witness(f"own-{n}.example.net") for n in range(2)]
    for witness, role in zip(own, ("ci", "eraser"), strict=True):
        pair = scene.ledger.key(role)
        witness.key.private, witness.key.public = pair.private, pair.public
    path = scene.auditor.folder / "witnesses.policy"
    lines = [f"witness o{n} {w.vkey}" for n, w in enumerate(own)]
    lines += ["group both all o0 o1", "quorum both"]
    path.write_text("\n".join(lines) + "\n")
    note = scene.ledger.checkpoints[size]
    at = scene.ledger.now_ms
    scene.anchors.cosignatures = [(size, w.line(note, at)) for w in own]
    scene.write()


@attack("T20", auditor="policy", after="L3")
def witnesses_that_collude(scene):
    """With all keys, and two witnesses who sign anything: nothing finds it."""
    scene.ledger = rewrite(scene.ledger, EVERY_KEY, forged_decision)
    scene.anchors = Anchors()
    scene.anchor()
    size = max(scene.ledger.checkpoints)
    note = scene.ledger.checkpoints[size]
    at = scene.ledger.now_ms
    scene.anchors.cosignatures = [
        (size, witness.line(note, at)) for witness in scene.auditor.witnesses[:2]
    ]
    scene.write()
