"""A training summary as Markdown, for people."""

import re
from typing import Final

from ledger.projections.training_summary import Field, Summary

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~])")
_STATUS: Final = {
    "ledger": "from the ledger",
    "attested": "attested",
    "unknown": "unknown",
}


def to_markdown(summary: Summary) -> str:
    """Render a draft; every field is shown, and an unknown one says so.

    Answers come from outside and are escaped, so that none can add a heading, a link
    or markup. Site ids are not shown.
    """
    provenance = (
        f"Provider status: {_escape(summary.gpai_provider)} (indicative, in "
        f"non-binding guidelines; rule pack {summary.rules_sha256}). Template "
        f"{summary.template_version} ({summary.template_sha256}). Not legal advice."
    )
    lines = [
        f"# Training content of {_escape(summary.model_name)}",
        "",
        f"**{_escape(summary.statement)}**",
        "",
        provenance,
    ]
    for section in summary.sections:
        lines += ["", f"## {section.id} {_escape(section.title)}", ""]
        for field in section.fields:
            lines += _field(field)
    return "\n".join(lines) + "\n"


def _field(field: Field) -> list[str]:
    answer = f"{_escape(field.value) or 'not known'} ({_STATUS[field.status]})"
    lines = [f"- **{field.id} {_escape(field.label)}**: {answer}"]
    if field.addition:
        lines.append(f"  - Attested: {_escape(field.addition)}")
    if field.note:
        lines.append(f"  - Note: {_escape(field.note)}")
    return lines


def _escape(text: str) -> str:
    """One line of plain text: whitespace and control characters become one space."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return _SPECIAL.sub(r"\\\1", " ".join(visible.split()))
