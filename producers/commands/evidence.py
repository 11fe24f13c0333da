"""What the kept evidence says: read again, exported, or as it was on a day."""

import os
from collections import Counter
from pathlib import Path
from typing import BinaryIO

import click

from ledger.disk.files import out_errors
from ledger.errors import InputError
from ledger.events.optout import PolicyFileFetched, UrlScanned
from ledger.events.policy import PolicyAdopted
from ledger.log.moment import find_moment
from ledger.workspace.workspace import Workspace
from producers.commands.channels import channel_line
from producers.commands.common import open_workspace, say, workspace_option
from producers.commands.given import shown_time
from producers.commands.review_output import place
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import AGENT_TOKEN
from producers.urls import needs_scan_extra

MS_PER_S = 1000
HTTP_OK = 200


@click.command()
@click.argument("url")
@click.option(
    "--at",
    metavar="INDEX|DATE",
    help="As it was: after entry INDEX, or at the end of DATE (ISO 8601, UTC).",
)
@workspace_option
@needs_scan_extra()
def sites(url: str, at: str | None, folder: Path) -> None:
    """Show what the policy files of a URL's site said, as they are on record."""
    from producers.optout.after.history import site_at
    from producers.optout.net.url import parse_url
    from producers.optout.readings.combine import combine
    from producers.optout.readings.readers import Question

    target = parse_url(url)
    with open_workspace(folder) as workspace:
        site_id = workspace.names.find_site(target.origin)
        if not site_id:
            message = (
                "sites: expected a URL of a site that was scanned, "
                f"found {target.origin}"
            )
            raise InputError(message)
        until_ms = workspace.clock_ms()
        if at is not None:
            until_ms = find_moment(workspace.ledger, at).at_ms
        then = site_at(
            workspace.ledger.events(stream="scan"),
            site_id=site_id,
            until_ms=until_ms,
            url=target,
            question=Question(
                url=target.text,
                agent=AGENT_TOKEN,
                basket=load_basket().agents(workspace.settings.basket_relaxed),
            ),
            evidence=workspace.evidence,
        )
        scans = scans_with(workspace, {one.body_sha256 for one in then.files})
    verdict, reasons = combine(then.readings)
    words = " ".join((verdict, target.text, *reasons))
    click.echo(f"policy files alone: {words}")
    if not then.files:
        say("none of its policy files was on record then")
        return
    click.echo("files:")
    for file in then.files:
        click.echo(f"  {file_line(file)}")
        if scan_id := scans.get(file.body_sha256):
            command = f"tuneledger review show {scan_id} --raw {file.body_sha256}"
            click.echo(f"    all of it: {command}{place()}")
    click.echo("what they said:")
    for reading in then.readings:
        click.echo(f"  {channel_line(reading.read)}")


def scans_with(workspace: Workspace, digests: set[str]) -> dict[str, str]:
    """For each of some digests of evidence the newest scan that rests on it."""
    return {
        read.evidence_sha256: recorded.event.scan_id
        for recorded in workspace.ledger.events(stream="scan")
        if isinstance(recorded.event, UrlScanned)
        for read in recorded.event.channels
        if read.evidence_sha256 in digests - {""}
    }


def file_line(file: PolicyFileFetched) -> str:
    """How asking for a file ended, when, and the digest of what was kept."""
    fetched = shown_time(file.fetched_at_ms // MS_PER_S)
    parts = (
        f"{file.channel}  {file.outcome}  {status_words(file)}  fetched {fetched}",
        file.body_sha256,
    )
    return "  ".join(part for part in parts if part)


def status_words(file: PolicyFileFetched) -> str:
    """The status of the answer, and what the event still says of why it is unread.

    An event holds no cause: a scan tells it when it happens.
    """
    if file.outcome != "unreadable" or file.http_status not in {0, HTTP_OK}:
        return f"status {file.http_status}"
    return "no answer" if not file.http_status else "status 200, not read whole"


@needs_scan_extra()
def replay_scans(workspace: Workspace) -> bool:
    """Read the evidence of every scan again, and print where today's rules differ.

    Returns:
        Whether none does.

    Raises:
        InputError: the extra `scan` is missing.
    """
    from producers.optout.after.replay import Replay
    from producers.optout.asking.scan import SCANNER

    relaxed: dict[str, list[str]] = {}
    for recorded in workspace.ledger.events(stream="policy"):
        if isinstance(recorded.event, PolicyAdopted):
            relaxed[recorded.event.policy_sha256] = recorded.event.basket_relaxed
    replays = {
        policy: Replay(
            workspace.evidence.get,
            agent=AGENT_TOKEN,
            basket=load_basket().agents(tokens),
        )
        for policy, tokens in relaxed.items()
    }
    counts: dict[str, Counter[str]] = {}
    for recorded in workspace.ledger.events(stream="scan"):
        scan = recorded.event
        if not isinstance(scan, UrlScanned):
            continue
        count = counts.setdefault(scan.scanner, Counter())
        urls = workspace.names.urls(scan.scan_id)
        if not urls:
            count["erased"] += 1
            continue
        found = replays[scan.policy_sha256].replay(scan, urls)
        count["differ" if found else "same"] += 1
        for one in found:
            click.echo(
                f"{one.scan_id}  {one.where}: {one.recorded or 'nothing'} -> "
                f"{one.replayed or 'nothing'}"
            )
    for scanner, count in sorted(counts.items()):
        click.echo(
            f"{scanner}, read by {SCANNER}: {count['same']} the same, "
            f"{count['differ']} differ, {count['erased']} erased"
        )
    return not any(count["differ"] for count in counts.values())


def export_policy_files(workspace: Workspace, path: Path) -> int:
    """Write every policy file that was kept to a new WARC file.

    Returns:
        How many.

    Raises:
        InputError: the extra `warc` is missing, or the file cannot be made.
        IntegrityError: evidence is missing, or was altered; no file is left.
    """
    try:
        import warcio  # noqa: F401 (missed here, before the file is made)

        from producers.optout.after.warc import write_warc
    except ImportError as error:
        message = f"--warc needs the extra 'warc': module {error.name} not found"
        raise InputError(message) from None
    origins = workspace.names.origins()
    files = (
        recorded.event
        for recorded in workspace.ledger.events(stream="scan")
        if isinstance(recorded.event, PolicyFileFetched)
    )
    with new_file(path) as out, out_errors(path):
        try:
            return write_warc(
                out,
                files,
                origin_of=lambda site_id: origins[site_id],
                get=workspace.evidence.get,
            )
        except BaseException:
            path.unlink()
            raise


def new_file(path: Path) -> BinaryIO:
    """A new file with mode 0600.

    Raises:
        InputError: it exists, or cannot be made.
    """
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        message = f"{path} cannot be made ({error.strerror}); name another file"
        raise InputError(message) from None
    return os.fdopen(made, "wb")


COMMANDS = (sites,)
