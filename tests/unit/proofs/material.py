"""A workspace with scans, anchors of a witness and an authority, and their policy."""

import base64
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ledger.disk.places import ledger_file
from ledger.events.optout import ChannelRead, SiteRegistered, UrlScanned
from ledger.export.receipt import encode_receipt
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.cosignature import CosignerKey
from tests.tamper.anchoring import TimeAuthority, Witness
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.workspace.office import new_office
from verifier.proofs.check import check_proof
from verifier.trust.policy import load_policy

SITES = ("https://a.example", "https://b.example:8443", "https://c.example")
PAGES = ("https://a.example/page?q=1", "https://b.example:8443/diary")
SCANS = ("5c" * 16, "5d" * 16)
LANDED = "https://b.example:8443/new-diary"
"""Where redirects led from the second page."""
BODY_SHA256 = sha256(b"<p>a page</p>").hexdigest()
LATER_MS = NOW_MS + 60_000
"""When the anchors are made, and the readers look."""


def scanned(site_id, scan_id, commitments):
    """The verdict on one page."""
    url_commitment, response_commitment = commitments
    return UrlScanned(
        scan_id=scan_id,
        site_id=site_id,
        url_commitment=url_commitment,
        response_commitment=response_commitment,
        policy_sha256="ab" * 32,
        scanner="tuneledger/0.1.0",
        http_status=200,
        access="open",
        piracy_list_sha256="",
        channels=[
            ChannelRead(
                channel="robots_txt",
                target="url",
                layer="",
                outcome="absent",
                verdict="allowed",
                stated=[],
                evidence_sha256="",
                line=0,
            )
        ],
        robots_rfc9309="allow",
        spec_verdict="allowed",
        verdict="allowed",
        usages=[],
        reasons=[],
        scanned_at_ms=NOW_MS,
    )


@dataclass(frozen=True)
class Material:
    """A workspace and what an auditor holds from elsewhere.

    Attributes:
        office: the workspace.
        witness: cosigned the checkpoint of size `anchored`.
        authority: stamped the same.
        anchored: size of the anchored checkpoint.
        policy_file: the auditor's trust policy, which asks for both.
        scan_seq: the entry that registers three sites and scans two pages.
    """

    office: object
    witness: Witness
    authority: TimeAuthority
    anchored: int
    policy_file: Path
    scan_seq: int

    @property
    def folder(self):
        """The workspace."""
        return self.office.folder

    @property
    def root(self):
        """What the auditor pins."""
        return [self.office.vkey]

    @property
    def policy(self):
        """The auditor's trust policy."""
        return load_policy(self.policy_file)

    @property
    def ledger_file(self):
        """The ledger by itself."""
        return ledger_file(self.folder)

    def receipt(self, event_id=None, size=None):
        """The bytes of a receipt."""
        with self.office.open() as workspace:
            event_id = event_id or f"{self.scan_seq}.1"
            return encode_receipt(workspace.ledger, event_id, size=size)[0].content


def append_scans(workspace):
    """One submission of five events: three sites and two pages."""
    sites = [workspace.names.site(origin) for origin in SITES]
    events = [
        SiteRegistered(site_id=one.site_id, commitment=one.commitment) for one in sites
    ]
    visits = ([PAGES[0]], [PAGES[1], LANDED])
    for site, scan_id, urls in zip(sites, SCANS, visits, strict=False):
        commitments = workspace.names.commit_scan(scan_id, urls, BODY_SHA256)
        events.append(scanned(site.site_id, scan_id, commitments))
    workspace.append_scan(events)


def new_material(folder):
    """A workspace of several entries, of which one checkpoint is anchored."""
    office = new_office(folder / "acme", label="proofs")
    witness, authority = Witness("witness.example/w1"), TimeAuthority()
    with office.open() as workspace:
        ledger = workspace.ledger
        append_scans(workspace)
        scan_seq = ledger.size - 1
        note = ledger.newest_checkpoint()
        anchored = parse_checkpoint(note)[0].size
        key = CosignerKey(witness.key.name, witness.key.public)
        ledger.add_cosignature(witness.line(note, LATER_MS), anchored, key)
        ledger.add_timestamp(authority.stamp(note, LATER_MS), anchored)
        for number in range(3):
            commitment = sha256(b"%d" % number).hexdigest()
            event = SiteRegistered(site_id=f"{number:032x}", commitment=commitment)
            ledger.append([event], stream="scan")
    return Material(
        office=office,
        witness=witness,
        authority=authority,
        anchored=anchored,
        policy_file=write_policy(folder, office.vkey, witness, authority, note),
        scan_seq=scan_seq,
    )


def write_policy(folder, vkey, witness, authority, note):
    """The auditor's files: trust policy, tlog-policy and the authority's root."""
    (folder / "tsa.pem").write_bytes(authority.root_pem)
    (folder / "witnesses.policy").write_text(
        f"witness w1 {witness.vkey}\nquorum w1\n", "utf-8"
    )
    path = folder / "trust.toml"
    path.write_text(
        f"""\
format = "tuneledger/trust/v1"
[log]
origins = ["example.org/acme"]
[root]
keys = ["{vkey}"]
[timestamps]
roots = ["tsa.pem"]
[witnesses]
policy = "witnesses.policy"
""",
        "utf-8",
    )
    return path


def canonical(value):
    """The one spelling of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def check(folder, content, **options):
    """The report on these bytes."""
    path = folder / "proof"
    path.write_bytes(content)
    return check_proof(path, **({"now_ms": LATER_MS} | options))


def encoded(data):
    """Base64."""
    return base64.b64encode(data).decode()
