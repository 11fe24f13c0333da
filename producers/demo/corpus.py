"""A corpus that every Python environment holds: its own packages' metadata.

Descriptions are real prose by real people, with their licences and e-mail addresses, so
the demo has real data subjects without shipping a line of anyone's data. It is read
where it is installed, and nothing of it is printed, except through `mask_identifier`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, distributions
from pydoc_data import topics
from typing import Final

from packaging.utils import canonicalize_name

from ledger.vault.identifiers import normalise_identifier
from producers.ingest.licences import read_licence
from producers.ingest.reader import (
    IDENTIFIER_CHARS_MAX,
    SUBJECTS_MAX,
    InputRecord,
    is_web_url,
)

CORPUS_BYTES_MAX: Final = 300_000
"""Most text of `distribution_records`, UTF-8 bytes: seconds of training, not hours."""

PART_BYTES_MAX: Final = 4096
"""Longest text of one record, UTF-8 bytes."""

PARTS_MAX: Final = 4
"""Most records of one distribution, so that no long README fills the corpus."""

WEB_PROJECTS_MAX: Final = 12
"""Most projects' pages in `web_records`."""

_CLASSIFIERS: Final = {
    "License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
    "License :: OSI Approved :: The Unlicense (Unlicense)": "Unlicense",
    "License :: Public Domain": "LicenseRef-Public-Domain",
}
"""Classifiers that name one licence; "BSD License" names several and stays unclear."""

_EMAIL: Final = re.compile(r"[^\s<>,;:\"'()\[\]@]{1,64}@[^\s<>,;:\"'()\[\]@]{1,190}")
_FIELD_CHARS_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """What the corpus takes from one distribution."""

    name: str
    text: str
    summary: str
    licence: str
    url: str
    subjects: tuple[str, ...]


def distribution_records(
    *, bytes_max: int = CORPUS_BYTES_MAX, part_bytes_max: int = PART_BYTES_MAX
) -> list[InputRecord]:
    """Records from the metadata of the installed distributions, in order of name.

    Ids are `dist:<name>:<part>`, parts counted from 0. Subjects are the authors and
    maintainers, by e-mail address where one is stated.

    Args:
        bytes_max: most UTF-8 bytes of text in all.
        part_bytes_max: most UTF-8 bytes of text in one record, at least 4.
    """
    records: list[InputRecord] = []
    left = bytes_max
    for project in _projects():
        parts = list(split_text(project.text, part_bytes_max))[:PARTS_MAX]
        for number, text in enumerate(parts):
            left -= len(text.encode())
            if left < 0:
                return records
            records.append(
                InputRecord(
                    id=f"dist:{project.name}:{number}",
                    text=text,
                    url=project.url,
                    licence=project.licence,
                    subjects=project.subjects,
                    source="public_dataset",
                )
            )
    return records


def web_records(policies: Iterable[str]) -> list[InputRecord]:
    """Unlicensed web pages, one for each of the site's policies, then some projects'.

    Their hosts end in `.example`, which no real site does (RFC 2606, section 2): the
    demo claims nothing about anyone's real opt-out, and needs no network.

    Args:
        policies: the policies that `producers.demo.site` plays; `<policy>.example` is
            the host that follows one.
    """
    pages = {f"{policy}.example": f"A page of {policy}.example." for policy in policies}
    described = [project for project in _projects() if project.summary]
    for project in described[:WEB_PROJECTS_MAX]:
        pages.setdefault(f"{project.name}.example", project.summary)
    return [
        InputRecord(
            id=f"web:{host}",
            text=text,
            url=f"http://{host}/page.html",
            licence="",
            subjects=(),
        )
        for host, text in pages.items()
    ]


def base_text() -> bytes:
    """Public text for pre-training: the Python documentation that `help()` shows."""
    return "\n\n".join(text for _, text in sorted(topics.topics.items())).encode()


def subject_count(records: Iterable[InputRecord]) -> int:
    """How many data subjects the records declare, each identifier counted once."""
    return len(
        {
            normalise_identifier(subject)
            for record in records
            for subject in record.subjects
        }
    )


def shard_shape(subjects: int) -> tuple[int, int]:
    """(shards, slices) for a corpus: few subjects cannot fill twelve slices."""
    return (4, 3) if subjects >= 12 else (2, 2)


def split_text(text: str, bytes_max: int) -> Iterator[str]:
    """Cut text into parts of at most `bytes_max` UTF-8 bytes, at line ends if it can.

    The parts joined are the text, but for blank ones, which are left out.
    """
    rest = text.encode()
    while rest:
        cut = len(rest)
        if cut > bytes_max:
            cut = rest.rfind(b"\n", 0, bytes_max) + 1 or _char_start(rest, bytes_max)
        part = rest[:cut].decode()
        rest = rest[cut:]
        if part.strip():
            yield part


def _char_start(data: bytes, position: int) -> int:
    """The last position up to `position` where a UTF-8 character starts."""
    while data[position] & 0xC0 == 0x80:  # a continuation byte, 10xxxxxx
        position -= 1
    return position


def _projects() -> list[_Project]:
    """Every distribution once, by normalised name; the first on the path counts."""
    found: dict[str, _Project] = {}
    for distribution in distributions():
        project = _project(distribution)
        if project is not None:
            found.setdefault(project.name, project)
    return [found[name] for name in sorted(found)]


def _project(distribution: Distribution) -> _Project | None:
    """What a distribution says of itself; None where its installation is broken."""
    try:
        metadata = distribution.metadata
    except UnicodeDecodeError:
        return None
    # Empty where the folder has no METADATA file.
    name = _field(metadata, "Name") if metadata else ""
    if not name:
        return None
    name = canonicalize_name(name)
    summary = _field(metadata, "Summary")
    author = _field(metadata, "Author-email") or _field(metadata, "Author")
    head = f"{name}: {summary}\nAuthor: {author or 'not stated'}\n\n"
    body = "".join(metadata.get_all("Description") or [])
    return _Project(
        name=name,
        text=head + body,
        summary=summary,
        licence=_licence(metadata),
        url=_url(metadata),
        subjects=_subjects(metadata),
    )


def _field(metadata: PackageMetadata, name: str) -> str:
    values = metadata.get_all(name) or [""]
    return str(values[0])[:_FIELD_CHARS_MAX].strip()


def _url(metadata: PackageMetadata) -> str:
    """The project's URL, where its licence makes a scan of that site needless.

    The demo's scans ask a server on this machine, so it scans no real project's site:
    a verdict on one would be a false claim about its owner.
    """
    if read_licence(_licence(metadata)).standing not in {"licence", "public_domain"}:
        return ""
    stated = [
        str(value).partition(",")[2].strip()
        for value in metadata.get_all("Project-URL") or []
    ]
    for url in (*stated, _field(metadata, "Home-page")):
        if is_web_url(url):
            return url
    return ""


def _subjects(metadata: PackageMetadata) -> tuple[str, ...]:
    """E-mail addresses of authors and maintainers, or else the author's name."""
    names = ("Author-email", "Maintainer-email")
    found = _EMAIL.findall(" ".join(_field(metadata, name) for name in names))
    identifiers = found or [_field(metadata, "Author")[:IDENTIFIER_CHARS_MAX]]
    spelled = (normalise_identifier(identifier) for identifier in identifiers)
    return tuple(dict.fromkeys(filter(None, spelled)))[:SUBJECTS_MAX]


def _licence(metadata: PackageMetadata) -> str:
    if expression := _field(metadata, "License-Expression"):
        return expression
    for classifier in metadata.get_all("Classifier") or []:
        if classifier in _CLASSIFIERS:
            return _CLASSIFIERS[classifier]
    return _field(metadata, "License")[:256]
