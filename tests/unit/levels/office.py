"""An auditor's office: a small ledger, witnesses, an authority, and a policy folder."""

from pathlib import Path

from tests.simulator import LedgerSimulator
from tests.tamper.anchoring import Anchors, TimeAuthority, Witness, write_anchored
from verifier import load_policy, verify

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def small_ledger(entries: int = 3) -> LedgerSimulator:
    """A ledger that begins with root and log key and grants a key an entry."""
    ledger = LedgerSimulator()
    ledger.submit(
        "root", [ledger.created(), ledger.granted(ledger.log, "log", [], "log")]
    )
    grow(ledger, entries - 1)
    return ledger


def grow(ledger: LedgerSimulator, entries: int = 1, seed: str = "") -> LedgerSimulator:
    """Append entries that each grant one more ingest key."""
    for _ in range(entries):
        name = f"ingest{seed}{len(ledger.entries)}"
        ledger.submit(
            "root", [ledger.granted(ledger.key(name), "ingest", ["ingest"], name)]
        )
    return ledger


class Office:
    """What one auditor holds, in a folder.

    Attributes:
        ledger: the ledger that is judged.
        anchors: the rows that go into its file.
        witnesses: three; two of them make the policy's quorum.
        authorities: two, both trusted.
        tables: the lines of each table of the policy; edit them before `policy`.
    """

    def __init__(self, folder: Path, ledger: LedgerSimulator | None = None) -> None:
        self.folder = folder
        self.ledger = ledger or small_ledger()
        self.anchors = Anchors()
        self.witnesses = [Witness(f"w{n}.example.net") for n in range(3)]
        self.authorities = [TimeAuthority("TSA one"), TimeAuthority("TSA two")]
        self.now_ms = self.ledger.now_ms + MINUTE_MS
        self.quorum = ["group two 2 w0 w1 w2", "quorum two"]
        self.tables: dict[str, list[str]] = {
            "log": [f'origins = ["{self.ledger.origin}"]'],
            "root": [
                "threshold = 1",
                f"keys = {[key.vkey for key in self.ledger.roots]}",
            ],
        }

    def ask_stamps(self, *more: str) -> "Office":
        """Let the policy ask for time stamps."""
        self.tables["timestamps"] = ['roots = ["tsa.pem"]', *more]
        return self

    def ask_witnesses(self, *more: str) -> "Office":
        """Let the policy ask for witnesses."""
        self.tables["witnesses"] = ['policy = "w.policy"', *more]
        return self

    def ask(self, table: str, *lines: str) -> "Office":
        """Add a table to the policy."""
        self.tables[table] = list(lines)
        return self

    def stamp(self, size: int = 0, at_ms: int = 0, *, by: int = 0) -> "Office":
        """Add a time stamp over a checkpoint, the newest by default."""
        size = size or max(self.ledger.checkpoints)
        token = self.authorities[by].stamp(
            self.ledger.checkpoints[size], at_ms or self.ledger.now_ms
        )
        self.anchors.timestamps.append((size, token))
        return self

    def cosign(self, *numbers: int, size: int = 0, at_ms: int = 0) -> "Office":
        """Add cosignatures of these witnesses over a checkpoint."""
        size = size or max(self.ledger.checkpoints)
        for number in numbers:
            line = self.witnesses[number].line(
                self.ledger.checkpoints[size], at_ms or self.ledger.now_ms
            )
            self.anchors.cosignatures.append((size, line))
        return self

    def policy_file(self) -> Path:
        """Write the policy and the files that it names."""
        pem = b"".join(authority.root_pem for authority in self.authorities)
        (self.folder / "tsa.pem").write_bytes(pem)
        witnesses = [f"witness w{n} {w.vkey}" for n, w in enumerate(self.witnesses)]
        policy = "\n".join([*witnesses, *self.quorum]) + "\n"
        (self.folder / "w.policy").write_text(policy)
        text = 'format = "tuneledger/trust/v1"\n'
        for name, lines in self.tables.items():
            text += f"[{name}]\n" + "\n".join(lines) + "\n"
        path = self.folder / "trust.toml"
        path.write_text(text)
        return path

    def write(self) -> Path:
        """Write the ledger with its anchors."""
        return write_anchored(self.ledger, self.anchors, self.folder / "acme.ledger")

    def verify(self, **options):
        """The report under the policy."""
        options.setdefault("policy", load_policy(self.policy_file()))
        options.setdefault("now_ms", self.now_ms)
        return verify(self.write(), **options)


def trusted(report) -> list[str]:
    """Names of the codes that the reader asked for and did not get."""
    return [finding.code.name for finding in report.trust]


def broken(report) -> list[tuple[str, str]]:
    """Code and place of each finding."""
    return [(finding.code.name, finding.where) for finding in report.findings]
