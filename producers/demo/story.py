"""The whole story on text that every machine has, told with the commands themselves.

Real people wrote the text, so nothing of it is printed: subjects appear by their local
alias, and the input file lives in a temporary folder.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ledger.errors import ConflictError, IntegrityError, TuneledgerError
from producers.demo.corpus import (
    distribution_records,
    shard_shape,
    subject_count,
    web_records,
)
from producers.demo.site import POLICIES, Site, running_site
from producers.ingest.reader import InputRecord
from producers.optout.net.resolve import Endpoint, Resolver
from producers.training.pool import WorkerJob
from producers.training.replay import replay

ORIGIN: Final = "demo.invalid"
"""Name of every demo's log; by it an earlier demo is known and may be replaced."""

CORPUS_BYTES: Final = 110_000
"""Text of the demo: two minutes on two cores."""

ACCEPTED_IN_EU: Final = "clear.example"
"""A site without any reservation, whose pages have no licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command did.

    Attributes:
        code: its exit code.
        out: what it printed on stdout.
    """

    code: int
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the story is told with.

    Attributes:
        command: how a person starts the commands here.
        run: runs one command; with a resolver where it scans, and silent where the
            story prints only a part.
        clean_room: the job that trains a shard of a workspace anew, as it stands.
        say: prints one line.
    """

    command: str
    run: Callable[..., Ran]
    clean_room: Callable[[Path, int], WorkerJob]
    say: Callable[[str], None]


class DemoError(TuneledgerError):
    """A command of the demo did not end as the story says."""


def tell(folder: Path, stage: Stage) -> None:
    """Run the demo and leave its workspace in `folder`.

    Raises:
        ConflictError: `folder` holds something that is not a demo.
        DemoError: a command ended otherwise than it should.
    """
    _clear(folder)
    corpus = distribution_records(bytes_max=CORPUS_BYTES)
    shards, slices = shard_shape(subject_count(corpus))
    with tempfile.TemporaryDirectory() as temporary:
        story = _Story(folder, Path(temporary), stage)
        story.create(shards, slices)
        story.ingest([*corpus, *web_records(POLICIES)])
        story.compare_jurisdictions()
        story.train()
        story.erase(shards)
        story.attest()
        story.tamper()
    story.end()


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    settings = folder / "tuneledger.toml"
    if not settings.is_file() or f'origin = "{ORIGIN}"' not in settings.read_text():
        message = f"{folder} exists and is not an earlier demo; name another --folder"
        raise ConflictError(message)
    shutil.rmtree(folder)


def _resolver(site: Site) -> Resolver:
    """Every host is played by the loopback site."""

    def resolve(_host: str, _port: int, _scheme: str) -> Endpoint:
        return Endpoint(address=site.address, port=site.port, scheme="http")

    return resolve


class _Story:
    """One telling."""

    def __init__(self, folder: Path, temporary: Path, stage: Stage) -> None:
        self._folder = folder
        self._temporary = temporary
        self._stage = stage
        self._vkey = ""

    def _chapter(self, title: str) -> None:
        self._stage.say(f"\n== {title}")

    def _run(
        self,
        arguments: Sequence[str],
        *,
        codes: Sequence[int] = (0,),
        quiet: bool = False,
        resolver: Resolver | None = None,
    ) -> str:
        """Run a command; it must end with one of `codes`."""
        shown = " ".join(
            "..." if str(self._temporary) in one or len(one) > 60 else one
            for one in arguments
        )
        self._stage.say(f"$ tuneledger {shown}")
        ran = self._stage.run(list(arguments), resolver=resolver, quiet=quiet)
        if ran.code not in codes:
            message = (
                f"demo: tuneledger {arguments[0]} ended with {ran.code}, "
                f"expected {codes[0]}"
            )
            raise DemoError(message)
        return ran.out

    def _here(self) -> list[str]:
        return ["-w", str(self._folder)]

    def _status(self) -> dict[str, Any]:
        """The status, without a word."""
        ran = self._stage.run(["status", *self._here(), "--json"], quiet=True)
        document: dict[str, Any] = json.loads(ran.out)
        return document

    # Chapters

    def _root_file(self) -> Path:
        """Where the demo keeps the root key that an auditor would get elsewhere."""
        return self._folder / "artifacts" / "root.vkey"

    def create(self, shards: int, slices: int) -> None:
        """An empty workspace; auditors get the root key."""
        self._chapter("A workspace: keys, settings and the genesis entry")
        arguments = ["init", str(self._folder), "--origin", ORIGIN]
        shape = ["--shards", str(shards), "--slices", str(slices)]
        self._vkey = self._run([*arguments, *shape]).strip()
        self._root_file().write_text(f"{self._vkey}\n", encoding="utf-8")

    def ingest(self, records: Sequence[InputRecord]) -> None:
        """Real package metadata, and pages of sites that say yes, no or nothing."""
        self._chapter(
            "Ingest: licensed texts pass on their licence, web pages are scanned"
        )
        file = self._write("records.jsonl", records)
        with running_site() as site:
            self._run(
                ["ingest", str(file), *self._here()],
                codes=(0, 4),
                resolver=_resolver(site),
            )

    def compare_jurisdictions(self) -> None:
        """The same page passes for the EU alone."""
        self._chapter("One page, two jurisdictions: no reservation, and no licence")
        pages = web_records(["clear"])[:1]
        page = self._write("page.jsonl", pages)
        for jurisdictions in (["eu"], ["eu", "uk"]):
            folder = self._temporary / "-".join(jurisdictions)
            options = [
                word for one in jurisdictions for word in ("--jurisdiction", one)
            ]
            self._stage.run(["init", str(folder), *options], quiet=True)
            with running_site() as site:
                out = self._run(
                    ["ingest", str(page), "-w", str(folder)],
                    codes=(0, 3),
                    quiet=True,
                    resolver=_resolver(site),
                )
            decision, *_, reason, _count = out.split()
            where = " and ".join(one.upper() for one in jurisdictions)
            self._stage.say(f"  {ACCEPTED_IN_EU} for {where}: {decision} ({reason})")

    def train(self) -> None:
        """A base on public text, then one adapter a shard."""
        self._chapter("Train: one adapter a shard, slice by slice, FLOP as they happen")
        self._run(["train", *self._here()])
        self._chapter("Where we stand: shards, provider status, summary")
        self._run(["status", *self._here()])
        text = self._run(["summary", *self._here()], quiet=True)
        path = self._folder / "artifacts" / "summary.md"
        path.write_text(text, encoding="utf-8")
        filled = text.count("(from the ledger)")
        unknown = text.count("(unknown)")
        self._stage.say(
            f"  wrote {path}: {filled} fields from the ledger, {unknown} unknown"
        )

    def erase(self, shards: int) -> None:
        """One author is forgotten, and only that author's shard is trained again."""
        self._chapter("Erase one real author, known here by an alias only")
        before = self._status()
        rooms = [self._stage.clean_room(self._folder, one) for one in range(shards)]
        alias = self._choose()
        out = self._run(["erase", alias, *self._here(), "--json"], quiet=True)
        erasure = json.loads(out)
        after = self._status()
        changed = [
            old["shard"]
            for old, new in zip(before["shards"], after["shards"], strict=True)
            if old["serves"] != new["serves"]
        ]
        if len(changed) != 1 or changed != erasure["shards_hit"]:
            message = f"demo: expected one retrained shard, found {changed}"
            raise DemoError(message)
        hit = changed[0]
        self._stage.say(
            f"  {erasure['records']} records gone, shard {hit} of {shards} retrained, "
            "the others keep their weights"
        )
        self._stage.say(f"  certificate: {erasure['certificate']}")
        self._compare(rooms[hit], hit, after["shards"][hit]["serves"])

    def _choose(self) -> str:
        """The alias of the first subject with two records or more."""
        ran = self._stage.run(["status", *self._here(), "--subjects"], quiet=True)
        subjects = [line.split() for line in ran.out.splitlines() if line[:2] == "s-"]
        several = [words for words in subjects if int(words[-2]) > 1]
        return (several or subjects)[0][0]

    def _compare(self, before: WorkerJob, shard: int, served: str) -> None:
        """A clean process gives the same bits; with the author left in, it does not."""
        clean = self._stage.clean_room(self._folder, shard)
        control = replace(clean, slices=before.slices)
        same, other = (digests[-1] for digests in replay([clean, control]))
        self._stage.say(f"  new adapter          {served}")
        self._stage.say(f"  clean process        {same}")
        self._stage.say(f"  with the author in   {other}")
        if same != served or other == served:
            message = "demo: the clean process does not confirm the new adapter"
            raise IntegrityError(message)
        self._stage.say("  equal bit for bit without the author, different with")

    def attest(self) -> None:
        """What a CI job keeps, and an auditor checks offline."""
        self._chapter("Attest the run that now serves, and check it offline")
        runs = self._status()["runs"]
        newest = next(one for one in reversed(runs) if one["status"] == "finished")
        bundle = self._folder / "artifacts" / "bundle"
        self._run(["attest", newest["run_id"], "--out", str(bundle), *self._here()])
        models = self._temporary / "models"
        out = ["--out", str(models), *self._here()]
        self._run(["models", "export", newest["run_id"], *out])
        given = ["--root", self._vkey, "--models", str(models)]
        self._run(["verify-bundle", str(bundle), *given])

    def tamper(self) -> None:
        """The verifier names the place of one changed byte."""
        self._chapter("Verify the ledger with the root key pinned")
        ledger = next(self._folder.glob("*.ledger"))
        self._run(["verify", str(ledger), "--root", self._vkey])
        self._chapter("Flip one byte in a copy: the verifier names the place")
        copy = self._temporary / "copy.ledger"
        content = bytearray(ledger.read_bytes())
        place = content.rindex(b'"type":"training.steps_metered')
        content[place + 10] ^= 0x01
        copy.write_bytes(content)
        self._run(["verify", str(copy), "--root", self._vkey], codes=(1,))

    def end(self) -> None:
        """Where to go from here."""
        folder = self._folder
        self._stage.say(f"\nThe workspace is in {folder}/. Try next:")
        command = self._stage.command
        self._stage.say(f"  {command} status -w {folder} --subjects")
        self._stage.say(f"  {command} log -w {folder} --type erasure")
        self._stage.say(f"  {command} verify {folder} --root @{self._root_file()}")

    def _write(self, name: str, records: Sequence[InputRecord]) -> Path:
        """Records as JSON Lines in the temporary folder."""
        path = self._temporary / name
        lines = [
            json.dumps(
                {
                    "id": one.id,
                    "text": one.text,
                    "url": one.url,
                    "licence": one.licence,
                    "subjects": list(one.subjects),
                    "source": one.source,
                }
            )
            for one in records
        ]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
