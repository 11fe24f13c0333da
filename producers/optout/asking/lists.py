"""Lists that a scan consults beside the site itself: registries, and sites to shun."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.events.optout import Target, UrlScanned
from producers.optout.lists.piracy import PiracyList
from producers.optout.lists.registry import RegistryProvider
from producers.optout.net.url import Url
from producers.optout.readings.readers import Answer
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.vocabulary.signals import SILENCE, Statement

_LISTED = Statement(reservation="reserved")


@dataclass(frozen=True, slots=True)
class Lists:
    """What is consulted.

    Attributes:
        registries: where rights holders enter what they reserve.
        piracy: sites that publish without the rights holders; none where no list is
            consulted, which every scan then says.
    """

    registries: Sequence[RegistryProvider] = ()
    piracy: PiracyList | None = None

    @property
    def piracy_sha256(self) -> str:
        """Digest of the piracy list; empty where there is none."""
        return "" if self.piracy is None else self.piracy.sha256

    def are_those_of(self, scan: UrlScanned) -> bool:
        """Whether a scan consulted these very lists."""
        registries = {
            read.evidence_sha256 for read in scan.channels if read.channel == "registry"
        }
        return scan.piracy_list_sha256 == self.piracy_sha256 and registries == {
            registry.snapshot_sha256 for registry in self.registries
        }

    def readings(self, url: Url, *, target: Target = "url") -> list[Reading]:
        """What the lists say of `url`."""
        readings = [
            reading_of(
                "registry",
                Answer(registry.lookup(url.text)),
                evidence_sha256=registry.snapshot_sha256,
                target=target,
            )
            for registry in self.registries
        ]
        if self.piracy is not None:
            said = _LISTED if self.piracy.lists(url.host) else SILENCE
            readings.append(
                reading_of(
                    "piracy_list",
                    Answer(said),
                    evidence_sha256=self.piracy.sha256,
                    target=target,
                )
            )
        return readings
