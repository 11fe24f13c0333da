"""How fast sites are scanned, how often they are asked, and what it takes in memory.

    python tests/bench/bench_scan.py [--origins N] [--urls N] [--workers N]

Scans a farm of sites on loopback that answer after a while, some of them wrongly: a
tenth of the origins first, then all of them, each in a process of its own. Prints URLs
and origins a second, requests of an origin, the most that one file was asked for, peak
memory and the ratio of the two; then how many requests a second scan of the same URLs
makes beside the pages, and decisions a second of CPU time from files that are known.
The farm runs on a core of its own; rates of one machine say little.
"""

import argparse
import gc
import hmac
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.events import Event, encode_event
from ledger.workspace.corpus import EvidenceFolder
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.lists import Lists
from producers.optout.asking.look import Look
from producers.optout.asking.scan import Scanner
from producers.optout.cache.policy_cache import PolicyCache
from producers.optout.net.bulk import scan_all
from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.polite import PoliteFetch
from producers.optout.readings.channels import POLICY_PATHS, policy_readings
from producers.optout.readings.combine import combine
from producers.optout.readings.readers import Question
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.ports import SiteRef
from tests.bench.farm import COUNTS_HOST, farm_host, resolver, running_farm

DECISIONS = 20_000
"""How many decisions are timed."""

DECIDED_ORIGINS = 200
"""Of how many origins, in turn."""


class HashedNames:
    """Sites and scans by hash: a register that needs no vault."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def site(self, origin: str) -> SiteRef:
        digest = sha256(origin.encode())
        is_new = digest.digest()[:16] not in self._seen
        self._seen.add(digest.digest()[:16])
        site_id, commitment = digest.hexdigest()[:32], digest.hexdigest()
        return SiteRef(site_id=site_id, commitment=commitment, is_new=is_new)

    def commit_scan(
        self, scan_id: str, urls: Sequence[str], body_sha256: str
    ) -> tuple[str, str]:
        return sha256("\n".join((scan_id, *urls)).encode()).hexdigest(), body_sha256


@dataclass(frozen=True)
class Figures:
    """What one process measured.

    Attributes:
        wall: seconds of the first scan.
        cpu: seconds of CPU time of the first scan.
        verdicts: how many of each.
        requests: of the first scan.
        most: how often the most asked policy file was asked for.
        peak_mb: peak memory of the first scan, and what was there before it.
        warm_policy: requests for policy files of the second scan.
        warm_pages: its requests for pages.
        decisions: a second of CPU time, from known files.
    """

    wall: float
    cpu: float
    verdicts: dict[str, int]
    requests: int
    most: int
    peak_mb: float
    warm_policy: int
    warm_pages: int
    decisions: float


class World:
    """A scanner of the farm, with everything but a ledger behind it."""

    def __init__(self, folder: Path, port: int) -> None:
        key = os.urandom(32)
        (folder / "evidence").mkdir()
        self.evidence = EvidenceFolder(folder / "evidence")
        self.cache = PolicyCache(
            folder / "policy.cache",
            tag=lambda name: hmac.digest(key, name.encode(), "sha256"),
        )
        self.http = HttpFetcher(resolver=resolver(port))
        fetch = PoliteFetch(self.http)
        self.policy = ScanPolicy(
            policy_sha256="ab" * 32, basket_version=load_basket().version
        )
        self.files = PolicyFiles(
            fetch=fetch, evidence=self.evidence, clock_ms=_clock_ms, cache=self.cache
        )
        look = Look(
            fetch=fetch,
            evidence=self.evidence,
            policy=self.policy,
            clock_ms=_clock_ms,
            files=self.files,
            lists=Lists(),
        )
        self.scanner = Scanner(
            look,
            files=self.files,
            lists=Lists(),
            emit=_encode_all,
            names=HashedNames(),
            policy=self.policy,
            random_bytes=os.urandom,
        )

    def scan(self, urls: Iterator[str], workers: int) -> Counter[str]:
        """Scan all URLs and count the verdicts."""
        verdicts: Counter[str] = Counter()

        def commit(looked):
            verdicts.update(one.verdict for one in self.scanner.commit(looked))

        scan_all(
            urls,
            self.scanner.look,
            commit,
            workers=workers,
            progress=lambda text: None,
        )
        return verdicts

    def asked(self) -> Counter[str]:
        """What the farm was asked since this was called last, by host and path."""
        answer = self.http(f"http://{COUNTS_HOST}/", bytes_max=1 << 30)
        return Counter(json.loads(answer.body))

    def decisions(self, origins: int) -> float:
        """Decisions a second of CPU time, of one thread, from files that are known."""
        basket = load_basket().agents()
        agent = self.policy.agent_token
        places = [
            f"http://{farm_host(n)}" for n in range(min(origins, DECIDED_ORIGINS))
        ]
        start = time.thread_time()
        for number in range(DECISIONS):
            origin = places[number % len(places)]
            question = Question(
                url=f"{origin}/page/{number}", agent=agent, basket=basket
            )
            readings = policy_readings(
                self.files.of_origin(origin),
                question,
                target="url",
                evidence=self.evidence,
                readers=self.files.readers,
            )
            combine(readings)
        return DECISIONS / (time.thread_time() - start)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _encode_all(events: Sequence[Event]) -> None:
    for event in events:
        encode_event(event, salt=os.urandom(12).hex())


def farm_urls(origins: int, urls: int) -> Iterator[str]:
    """`urls` pages of each origin, an origin's side by side as in a sorted list."""
    for number in range(origins):
        for page in range(urls):
            yield f"http://{farm_host(number)}/page/{page}"


def is_policy(asked: str) -> bool:
    """Whether a request was for a policy file of an origin."""
    return asked.partition("/")[2] in {path[1:] for path in POLICY_PATHS.values()}


def peak_mb() -> float:
    """Peak memory of this process since it began."""
    # Not ru_maxrss: that counts what the parent had before this program began.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


def measure(port: int, origins: int, urls: int, workers: int) -> Figures:
    """Scan twice and decide; in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), port)
        world.asked()
        gc.collect()
        start, cpu = time.perf_counter(), time.process_time()
        verdicts = world.scan(farm_urls(origins, urls), workers)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        peak = peak_mb()
        asked = world.asked()
        world.scan(farm_urls(origins, urls), workers)
        again = world.asked()
        policy = [count for what, count in asked.items() if is_policy(what)]
        warm_policy = sum(count for what, count in again.items() if is_policy(what))
        return Figures(
            wall=wall,
            cpu=cpu,
            verdicts=dict(verdicts),
            requests=asked.total(),
            most=max(policy),
            peak_mb=peak,
            warm_policy=warm_policy,
            warm_pages=again.total() - warm_policy,
            decisions=world.decisions(origins),
        )


def measured(port: int, options: argparse.Namespace, origins: int) -> Figures:
    """As `measure`, in a child; its figures are printed."""
    limits = [
        "--origins",
        origins,
        "--urls",
        options.urls,
        "--workers",
        options.workers,
    ]
    command = [sys.executable, __file__, "--port", str(port), *map(str, limits)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    figures = Figures(**json.loads(printed))
    verdicts = ", ".join(f"{kind} {n}" for kind, n in sorted(figures.verdicts.items()))
    print(
        f"{origins} origins, {options.urls} URLs each ({verdicts}):"
        f" {origins * options.urls / figures.wall:.0f} URLs/s,"
        f" {origins / figures.wall:.0f} origins/s,"
        f" CPU {figures.cpu / figures.requests * 1000:.2f} ms a request"
    )
    print(
        f"  {figures.requests / origins:.2f} requests an origin, at most"
        f" {figures.most} for a file, peak memory {figures.peak_mb:.1f} MB"
    )
    print(
        f"  warm rescan: {figures.warm_policy} requests for policy files,"
        f" {figures.warm_pages} for pages"
    )
    print(f"  {figures.decisions:.0f} cached decisions/s of a core", flush=True)
    return figures


def main() -> None:
    """Measure a tenth of the origins, then all, and print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--origins", type=int, default=10_000)
    parser.add_argument("--urls", type=int, default=2, help="of each origin")
    parser.add_argument("--workers", type=int, default=32)
    parser.add_argument("--latency", type=float, default=0.02, help="seconds")
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        found = measure(options.port, options.origins, options.urls, options.workers)
        print(json.dumps(asdict(found)))
        return
    with running_farm(options.latency) as port:
        print(f"latency {options.latency * 1000:.0f} ms, {options.workers} workers")
        few = measured(port, options, max(1, options.origins // 10))
        many = measured(port, options, options.origins)
    print(f"memory: {many.peak_mb / few.peak_mb:.2f} x with 10 x the origins")


if __name__ == "__main__":
    main()
