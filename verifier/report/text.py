"""The report as lines for a person."""

from itertools import islice
from typing import TYPE_CHECKING

from verifier.findings import escaped
from verifier.report.advice import next_steps

if TYPE_CHECKING:  # the report renders itself
    from verifier.report.verdict import Report

# The JSON document lists more: up to findings.FINDINGS_MAX.
TEXT_FINDINGS_MAX = 10


def render(report: "Report") -> str:
    """Return the report, one fact a line."""
    lines = [_line("LEDGER", f"{escaped(report.path)}   {report.origin}".rstrip())]
    if report.head:
        head = "entries {entries}   checkpoint {size}   root {root}"
        lines.append(_line("HEAD", head.format(**report.head)))
    if report.policy:
        path = escaped(report.policy["path"])
        lines.append(_line("POLICY", f"{path}   sha256 {report.policy['sha256']}"))
    lines += [_line("PASS", text) for text in report.checked]
    lines += [_line("NOT CHECKED", text) for text in report.not_checked]
    lines += _finding_lines(report)
    whose = (
        "pinned" if report.levels["authentic"] == "yes" else "in the file, not pinned"
    )
    lines += [_line("TRUST", f"root key {key}, {whose}") for key in report.root_keys]
    lines += [_line("TRUST", str(finding)) for finding in report.trust]
    lines += [_line("NOTED", str(finding)) for finding in report.noted]
    lines += _redacted_lines(report)
    lines += [_line("TAIL", text) for text in report.tails]
    lines += [_line("PIN", text) for text in report.pin]
    lines += [_line("DOES NOT PROVE", text) for text in report.not_proven]
    lines += [_line(name, _answer(report, name)) for name in report.levels]
    lines += [_line("NEXT", text) for text in next_steps(report)]
    lines.append(_line("RESULT", f"{_result(report)}   exit {report.exit_code}"))
    return "\n".join(lines) + "\n"


def _answer(report: "Report", name: str) -> str:
    """Return yes, no or not asked, and what it rests on."""
    answer, detail = report.levels[name], report.answers.get(name, "")
    if name in report.waived and answer != "yes":
        answer += ", waived by the policy"
    return f"{answer}   {detail}" if detail else answer


def _result(report: "Report") -> str:
    """Return the verdict with its name, and what it goes without."""
    verdict = report.verdict
    if verdict[0] != "L":
        return verdict
    names = list(report.levels)
    number = int(verdict[1:])
    without = [name for name in names[:number] if report.levels[name] != "yes"]
    suffix = f" (without {' and '.join(without)})" if without else ""
    return f"{verdict} {names[number]}{suffix}"


def _finding_lines(report: "Report") -> list[str]:
    lines: list[str] = []
    for number, finding in enumerate(islice(report.findings, TEXT_FINDINGS_MAX)):
        label = "FIRST BAD" if number == 0 else "ALSO BAD"
        lines.append(_line(label, f"{finding.where}   {finding.code} {finding.rule}"))
        lines.append(_line("", f"expected {finding.expected}"))
        lines.append(_line("", f"found    {finding.found}"))
    more = len(report.findings) - TEXT_FINDINGS_MAX
    if more > 0:
        lines.append(_line("ALSO BAD", f"{more} more, not listed"))
    lines += [
        _line("UNKNOWN", f"{item.where}   {item.found}")
        for item in islice(report.unknown, TEXT_FINDINGS_MAX)
    ]
    return lines


def _redacted_lines(report: "Report") -> list[str]:
    """Say which event redacted which line, and what is named and stands in clear."""
    lines = [
        _line("REDACTED_BY", f"{item['by'] or 'nothing'}   event {item['event']}")
        if item["state"] == "redacted"
        else _line("NOTED", f"event {item['event']}: not yet redacted by {item['by']}")
        for item in report.redacted[:TEXT_FINDINGS_MAX]
    ]
    more = report.redacted_total - TEXT_FINDINGS_MAX
    if more > 0:
        lines.append(_line("REDACTED_BY", f"{more} more, not listed"))
    return lines


def _line(label: str, text: str) -> str:
    return f"{label:<15} {text}".rstrip()
