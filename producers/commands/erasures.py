"""Requests for erasure: open, show, list, extend, restrict, lift, refuse and so on."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import click

from ledger.erasing.answers import Answers, ExtensionReason
from ledger.erasing.book import ErasureBook
from ledger.erasing.certificates import Certificates
from ledger.erasing.condemned import (
    condemned_document,
    condemned_line,
)
from ledger.erasing.models import ModelsBook
from ledger.errors import InputError
from ledger.events.erasure import Measure
from ledger.events.erasure_request import Ground, RefusalGround, RestrictionCause
from ledger.export.erasure_status import erasure_document, erasure_line
from ledger.vault.papers import PAPER_BYTES_MAX, Papers
from ledger.workspace.workspace import Workspace
from producers import wiring
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.erasing import (
    erased_document,
    ground_option,
    print_erasures,
    received_ms,
    received_option,
    request_option,
)
from producers.commands.given import read_limited
from producers.commands.ids import whole_id
from producers.erasing.due import EXTENSION_MONTHS_MAX, due_after, utc

erasure_argument = click.argument("erasure_id", metavar="ERASURE")
notice_option = click.option(
    "--notice",
    type=click.Path(path_type=Path),
    required=True,
    help="The letter that told the person; it stays in the vault.",
)


@click.group()
def erasure() -> None:
    """Answer a request for erasure within its time (GDPR Articles 12, 17 to 19)."""


@erasure.command("open")
@click.argument("subject")
@workspace_option
@ground_option
@request_option
@received_option
@json_option
def open_request(
    subject: str,
    folder: Path,
    reference: str,
    received: datetime | None,
    *,
    ground: Ground,
    as_json: bool,
) -> None:
    """Fence a SUBJECT and start the clock; nothing is destroyed until you decide."""
    with open_workspace(folder) as workspace:
        opened = wiring.receive(
            workspace,
            subject,
            ground=ground,
            received_at_ms=received_ms(received, workspace.clock_ms()),
            reference=reference,
            progress=say,
        )
        document = erased_document(workspace, opened)
    print_erasures([document], as_json=as_json)


@erasure.command("list")
@workspace_option
@json_option
def list_erasures(folder: Path, *, as_json: bool) -> None:
    """List the erasures, oldest first."""
    with open_workspace(folder) as workspace:
        documents = [
            _document(workspace, one) for one in workspace.states()["erasures"].erasures
        ]
    if as_json:
        print_json({"schema": "tuneledger.erasures/1", "erasures": documents})
    else:
        for document in documents:
            click.echo(erasure_line(document))


@erasure.command()
@erasure_argument
@workspace_option
@json_option
def show(erasure_id: str, folder: Path, *, as_json: bool) -> None:
    """Show one ERASURE, by its id or by your own reference to the request."""
    with open_workspace(folder) as workspace:
        document = _document(workspace, find_erasure(workspace, erasure_id))
    if as_json:
        print_json(document)
        return
    click.echo(erasure_line(document))
    click.echo(f"received   {utc(document['received_at_ms'])}")
    click.echo(f"due        {utc(document['due_at_ms'])}")
    for phase, events in document["phases"].items():
        click.echo(f"{phase:<20} {' '.join(events)}")
    for one in document["weights"]:
        click.echo(f"weights    {condemned_line(one)}")
    for one in document["interim_measures"]:
        click.echo(
            f"interim    {one['measure']}, until {utc(one['until_ms'])}: not erasure"
        )
    for reference in document["requests"]:
        click.echo(f"request    {reference}")


@erasure.command()
@erasure_argument
@click.option(
    "--reason", type=click.Choice(get_args(ExtensionReason)), required=True, help="Why."
)
@click.option(
    "--months",
    type=click.IntRange(1, EXTENSION_MONTHS_MAX),
    default=EXTENSION_MONTHS_MAX,
    show_default=True,
    help="How many further months.",
)
@notice_option
@workspace_option
def extend(
    erasure_id: str, folder: Path, reason: ExtensionReason, months: int, notice: Path
) -> None:
    """Extend the time limit of an ERASURE, once (GDPR Article 12(3))."""
    letter = read_limited(notice, PAPER_BYTES_MAX)
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        state = workspace.states()["erasures"].erasures[erasure_id]
        due_at_ms = due_after(state.received_at_ms, 1 + months)
        Answers(workspace).extend(
            erasure_id, reason=reason, due_at_ms=due_at_ms, notice=letter
        )
    click.echo(f"due {utc(due_at_ms)}")


@erasure.command()
@erasure_argument
@click.option(
    "--cause",
    type=click.Choice(get_args(RestrictionCause)),
    required=True,
    help="GDPR Article 18(1); a legal hold is legal_claims.",
)
@workspace_option
def restrict(erasure_id: str, folder: Path, cause: RestrictionCause) -> None:
    """Keep the records of an ERASURE and use them for nothing (GDPR Article 18)."""
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        shards = Answers(workspace).restrict(erasure_id, cause)
    served = ", ".join(map(str, shards)) or "none"
    click.echo(f"restricted; shards that serve clean weights from now on: {served}")


@erasure.command()
@erasure_argument
@notice_option
@workspace_option
def lift(erasure_id: str, folder: Path, notice: Path) -> None:
    """End the restriction of an ERASURE (GDPR Article 18(3))."""
    letter = read_limited(notice, PAPER_BYTES_MAX)
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        Answers(workspace).lift(erasure_id, notice=letter)
    click.echo("lifted; shards serve what they served before after the next train")


@erasure.command()
@erasure_argument
@click.option(
    "--ground",
    type=click.Choice(get_args(RefusalGround)),
    required=True,
    help="GDPR Articles 17(3), 12(5), and 11 with 12(6).",
)
@notice_option
@workspace_option
def refuse(erasure_id: str, folder: Path, ground: RefusalGround, notice: Path) -> None:
    """Refuse the request of an ERASURE; the person is no longer fenced."""
    letter = read_limited(notice, PAPER_BYTES_MAX)
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        Answers(workspace).refuse(erasure_id, ground, notice=letter)
    click.echo(f"refused: {ground}")


@erasure.command()
@erasure_argument
@click.argument("measure", type=click.Choice(get_args(Measure)))
@click.option(
    "--evidence",
    type=click.Path(path_type=Path),
    required=True,
    help="What was done and measured; it is kept in evidence/, so name nobody.",
)
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day (UTC) by which a retrain replaces it.",
)
@workspace_option
def measure(
    erasure_id: str, folder: Path, measure: Measure, evidence: Path, until: datetime
) -> None:
    """Record what is done until an ERASURE's retrain. It is not erasure."""
    document = read_limited(evidence, PAPER_BYTES_MAX)
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        until_ms = int(until.replace(tzinfo=UTC).timestamp()) * 1000
        sha256 = Answers(workspace).measure(
            erasure_id, measure, evidence=document, until_ms=until_ms
        )
    click.echo(f"{measure}: an interim measure, not erasure; evidence {sha256}")


@erasure.command()
@erasure_argument
@click.option("--told", multiple=True, metavar="NAME", help="A recipient who was told.")
@click.option(
    "--impossible",
    multiple=True,
    metavar="NAME",
    help="One whom it was impossible or a disproportionate effort to tell.",
)
@workspace_option
def notify(
    erasure_id: str, folder: Path, told: tuple[str, ...], impossible: tuple[str, ...]
) -> None:
    """Record which recipients of an ERASURE's data were told (GDPR Article 19)."""
    with open_workspace(folder) as workspace:
        erasure_id = find_erasure(workspace, erasure_id)
        event = Answers(workspace).notify(erasure_id, told=told, impossible=impossible)
    click.echo(
        f"{event.notified} of {event.recipients} told, {event.impossible} could not be"
    )


def find_erasure(workspace: Workspace, text: str) -> str:
    """The erasure of an id, of its beginning, or of the controller's own reference.

    Raises:
        InputError: there is none, or a reference or beginning fits several.
    """
    known = workspace.states()["erasures"].erasures
    if text in known:
        return text
    referred = Papers(workspace.vault).referred(text)
    if len(referred) > 1:
        message = f"{text[:32]!r} names {len(referred)} erasures: name one by its id"
        raise InputError(message)
    found = referred[0] if referred else whole_id(text, known, "erasure")
    return found if found in known else ErasureBook(workspace).by_id(found).erasure_id


def _document(workspace: Workspace, erasure_id: str) -> dict[str, Any]:
    """An erasure as plain values, with the references and recipients known here."""
    state = workspace.states()["erasures"].erasures[erasure_id]
    certificates = Certificates(workspace)
    document = erasure_document(
        erasure_id,
        state,
        certificate=certificates.path(erasure_id) if state.certified else None,
        now_ms=workspace.clock_ms(),
    )
    document["weights"] = condemned_document(
        ModelsBook(workspace).condemned(erasure_id, state)
    )
    document["requests"] = Papers(workspace.vault).references(erasure_id)
    document["recipients"]["known"] = len(certificates.recipients(state))
    return document


COMMANDS = (erasure,)
