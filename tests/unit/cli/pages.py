"""Pages of two sites, the records that were copied from them, and what was decided."""

from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from tests.unit.workspace.office import record

PAGE = "https://clear.example/a.html"
OTHER_PAGE = "https://allow-all.example/b.html"
UNREAD = "https://robots-503.example/"
REFUSED = "https://disallow-all.example/a.html"
RESERVED = (("tdm-reservation", "1"),)
MALFORMED = (("tdm-reservation", "maybe"),)
FREE = {"licence": "", "source": "web"}


def page(name, url=PAGE, **changes):
    """A record that was copied from a page."""
    return record(name, f"The text of {name}.", url=url, **{**FREE, **changes})


def decisions(office):
    """The decisions, oldest first, as (decision, reasons)."""
    return [
        (one.decision, " ".join(one.reasons)) for one in office.events(RecordDecided)
    ]


def add_licence(desk, *more):
    """Licence the site of `PAGE` for training in the EU; return its id."""
    added = desk.w(
        *("licence", "add", "--spdx", "CC-BY-4.0", "--site", "https://clear.example"),
        *("--permit", "train", "--permit", "commercial", "--jurisdiction", "eu"),
        *("--ends", "2099-12-31", *more),
    )
    return added.out.strip()


def reviewed(desk, office, choice="--clear"):
    """Scan a page that a person must read, and decide; the scan's id."""
    desk.w("scan", PAGE)
    scan_id = office.events(UrlScanned)[-1].scan_id
    desk.w("review", "decide", scan_id, choice)
    return scan_id
