"""A made-up world whose events obey docs/spec.md, section 9.

    world = World(random.Random(7))
    for stream, events in world.batches(20):
        ledger.append(events, stream=stream)

Every choice comes from the generator that is passed in.
"""

from dataclasses import dataclass, field
from random import Random

from ledger.events.erasure_request import ErasureRequested
from ledger.events.ingest import RecordDecided
from ledger.events.optout import (
    ChannelRead,
    PolicyFileFetched,
    SiteRegistered,
    Stated,
    UrlScanned,
    UsageVerdict,
)
from ledger.events.policy import PolicyAdopted
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_saved import Adapter
from producers.metering.batch import Counted, total
from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial
from producers.metering.registered import passes_of, plan_event
from tests.run_facts import PLAIN_END, PLAIN_START
from tests.unit.ledger.workshop import NOW_MS

PLAN = Plan(
    model_sha256="5d" * 32,
    forward=Polynomial(860352, 1152),
    backward=Polynomial(949440, 2304),
    recompute=Polynomial(0, 768),
    inference=Polynomial(860352, 1152),
    shapes=((2, 4), (2, 6), (3, 5)),
    unknown=(),
    faults=(),
    closed_form=True,
    torch_version="2.9.1+cpu",
)

FLOP_KINDS = (
    "forward",
    "backward",
    "recompute",
    "reference",
    "rollout",
    "reward",
    "auxiliary",
    "evaluation",
)
CHANNELS = ("robots_txt", "robots_basket", "tdm_header")
MONTH_MS = 30 * 24 * 3600 * 1000


@dataclass
class World:
    """What has happened so far, as far as later events name it."""

    chance: Random
    policies: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    allowed_scans: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    maps: list[MapDeclared] = field(default_factory=list)
    assigned: set[tuple[str, str]] = field(default_factory=set)

    def batches(self, count: int):
        """That many (stream, events); every batch depends on earlier ones only."""
        yield self.policy()
        yield self.site()
        for _ in range(count - 2):
            yield self.chance.choice(self.makers())()

    def makers(self):
        """What may happen next."""
        makers = (self.policy, self.site, self.scans, self.decisions)
        return (*makers, self.shard_map, self.assignments, self.run, self.erasure)

    def _hex(self, digits: int) -> str:
        return f"{self.chance.getrandbits(4 * digits):0{digits}x}"

    def policy(self):
        """A policy is adopted."""
        self.policies.append(self._hex(64))
        event = PolicyAdopted(
            policy_sha256=self.policies[-1],
            jurisdictions=self.chance.choice([["eu"], ["uk"], ["eu", "uk"]]),
            purpose="commercial",
            basket_version="2025-01-01",
            basket_relaxed=[],
        )
        return "policy", [event]

    def site(self):
        """A site is registered and its policy files are fetched."""
        site_id = self._hex(32)
        self.sites.append(site_id)
        events = [SiteRegistered(site_id=site_id, commitment=self._hex(64))]
        events += [
            PolicyFileFetched(
                site_id=site_id,
                channel=channel,
                outcome="parsed",
                http_status=200,
                body_sha256=self._hex(64),
                body_bytes=self.chance.randrange(5000),
                redirects=0,
                fetched_at_ms=NOW_MS,
            )
            for channel in ("robots_txt", "tdmrep_file")
        ]
        return "scan", events

    def scans(self):
        """Some pages of known sites are scanned."""
        return "scan/worker-1", [self._scan() for _ in range(self._some())]

    def _some(self) -> int:
        return self.chance.randrange(1, 6)

    def _scan(self):
        verdict = self.chance.choice(["allowed", "allowed", "reserved", "unknown"])
        reads = [self._read(channel) for channel in CHANNELS]
        if verdict != "allowed":
            reads[0] = self._read(CHANNELS[0], verdict=verdict, line=self._some())
        scan_id = self._hex(32)
        if verdict == "allowed":
            self.allowed_scans.append(scan_id)
        return UrlScanned(
            scan_id=scan_id,
            site_id=self.chance.choice(self.sites),
            url_commitment=self._hex(64),
            response_commitment=self._hex(64),
            policy_sha256=self.chance.choice(self.policies),
            scanner="tuneledger/0.1.0",
            http_status=200,
            access="open",
            piracy_list_sha256="",
            channels=reads,
            robots_rfc9309="disallow" if verdict == "reserved" else "allow",
            spec_verdict=verdict,
            verdict=verdict,
            usages=[UsageVerdict(usage="train", verdict=verdict)],
            reasons={"reserved": ["robots_disallow"], "unknown": ["unreadable"]}.get(
                verdict, []
            ),
            scanned_at_ms=NOW_MS,
        )

    def _read(self, channel, *, verdict="allowed", line=0):
        return ChannelRead(
            channel=channel,
            target="url",
            layer="own" if line else "",
            outcome="parsed",
            verdict=verdict,
            stated=[Stated(usage="search", preference="allow")],
            evidence_sha256=self._hex(64),
            line=line,
        )

    def decisions(self):
        """Some records are accepted under a licence or a scan, or blocked."""
        return "ingest", [self._decision() for _ in range(self._some())]

    def _decision(self):
        record_id = self._hex(32)
        is_accepted = self.chance.random() < 0.7
        if is_accepted:
            self.accepted.append(record_id)
        return RecordDecided(
            record_id=record_id,
            dataset_id="",
            decision="accepted" if is_accepted else "blocked",
            rule="default",
            reasons=["licence"] if is_accepted else ["licence_unclear"],
            policy_sha256=self.chance.choice(self.policies),
            source_kind="web",
            licence="CC-BY-4.0" if is_accepted else "",
            licence_id="",
            scan_id=self.chance.choice(["", *self.allowed_scans[-1:]]),
            eu_basis="licence" if is_accepted else "none",
            uk_basis="licence" if is_accepted else "none",
            sensitive=[],
            action="none",
            hazard=self.chance.choice(["public", "personal", "consent"]),
            subjects=self.chance.choice(["none", "one", "several"]),
            commitment=self._hex(64) if is_accepted else "",
            size_log2=self.chance.randrange(8, 16),
        )

    def shard_map(self):
        """A shard map begins."""
        event = MapDeclared(
            map_id=self._hex(32),
            shards=self.chance.randrange(1, 9),
            slices=self.chance.randrange(1, 5),
            placement="rendezvous_bounded_load",
            load_per_mille=1250,
        )
        self.maps.append(event)
        return "shards", [event]

    def assignments(self):
        """Accepted records without a place in some map get one."""
        if not self.maps:
            return self.shard_map()
        found = self.chance.choice(self.maps)
        events = []
        for record_id in self.accepted:
            if (found.map_id, record_id) not in self.assigned:
                self.assigned.add((found.map_id, record_id))
                events.append(
                    RecordAssigned(
                        map_id=found.map_id,
                        record_id=record_id,
                        shard=self.chance.randrange(found.shards),
                        slice=self.chance.randrange(found.slices),
                    )
                )
        return ("shards", events) if events else self.shard_map()

    def run(self):
        """A training run without shards, from its start to its end."""
        run_id = self._hex(32)
        metered = [self._metered(run_id, batch) for batch in range(self._some())]
        for batch, event in enumerate(metered):
            metered[batch] = changed(
                event, step_first=sum(one.steps for one in metered[:batch])
            )
        begun = [self._started(run_id), plan_event(PLAN, run_id=run_id, number=0)]
        return "train", [*begun, *metered, self._end(run_id, metered)]

    def _started(self, run_id):
        return RunStarted(
            run_id=run_id,
            objective="sft",
            technique="lora",
            purpose="train",
            erasure_id="",
            model_name="acme/notes-1b",
            base_name="acme/base-1b",
            base_sha256=self._hex(64),
            base_licence="Apache-2.0",
            base_flop="12000000000000000000000",
            base_flop_source="declared",
            base_flop_estimable=True,
            base_systemic_risk=False,
            map_id="",
            shards=[],
            slices=0,
            generation=0,
            recipe_sha256=self._hex(64),
            torch_version="2.9.1+cpu",
            threads=1,
            **PLAIN_START,
        )

    def _metered(self, run_id, batch):
        counted = [
            Counted(
                plan=PLAN,
                phase=self.chance.choice(["train", "evaluation"]),
                batch=8,
                sequence=128 * (1 + one),
                has_gradient=True,
                forwards=self._some(),
                backwards=self._some(),
            )
            for one in range(self.chance.randrange(1, 4))
        ]
        trained = [one for one in counted if one.phase == "train"]
        return StepsMetered(
            run_id=run_id,
            batch=batch,
            shard=0,
            slice=0,
            step_first=0,
            steps=min(
                sum(one.forwards for one in trained),
                sum(one.backwards for one in trained),
            ),
            tokens=sum(one.batch * one.sequence * one.forwards for one in trained),
            shapes=[passes_of(one, plan=0) for one in counted],
            faults=[],
            **{f"flop_{kind}": str(flop) for kind, flop in total(counted).items()},
        )

    def _end(self, run_id, metered):
        if self.chance.random() < 0.3:
            return RunFailed(run_id=run_id, reason="killed", batches=len(metered))
        flop = {
            f"flop_{kind}": str(sum(int(getattr(m, f"flop_{kind}")) for m in metered))
            for kind in FLOP_KINDS
        }
        return RunFinished(
            run_id=run_id,
            batches=len(metered),
            steps=sum(one.steps for one in metered),
            tokens=sum(one.tokens for one in metered),
            completeness="complete",
            reasons=[],
            adapters=[Adapter(shard=0, weights_sha256=self._hex(64))],
            **flop,
            **PLAIN_END,
        )

    def erasure(self):
        """An erasure is requested; the rest of it may come later."""
        event = ErasureRequested(
            erasure_id=self._hex(32),
            ground="consent_withdrawn",
            received_at_ms=NOW_MS,
            due_at_ms=NOW_MS + MONTH_MS,
            fence_commitment=self._hex(64),
        )
        return "erase", [event]


def changed(event, **changes):
    """The event with some fields replaced."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(fields | changes))
