"""The certificate to print: one HTML file, nothing loaded, nothing run."""

from html import escape
from typing import Any, Final

_HEAD: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'">
<title>Certificate of erasure</title>
<style>
@page { size: A4; margin: 20mm }
body { font: 10pt/1.45 sans-serif; max-width: 170mm; margin: 10mm auto; color: #000 }
h1 { font-size: 16pt } h2 { font-size: 12pt; margin-top: 6mm; break-after: avoid }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 1mm 2mm }
th { font-weight: normal; width: 55mm }
tr { border-bottom: 0.2mm solid #999; break-inside: avoid }
td { overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 8pt }
</style>
</head>
<body>
"""

_DONE: Final = (
    ("ground", "Ground"),
    ("received_at", "Received"),
    ("due_at", "Due"),
    ("extended_for", "Extended for"),
    ("people", "People erased together"),
    ("records_erased", "Records erased"),
    ("keys_destroyed", "Keys destroyed"),
    ("key_store_guarantee", "The key store was"),
    ("shards_retrained", "Shards retrained"),
    ("whole_models_deleted", "Whole models deleted"),
    ("weights_replaced", "Weights replaced"),
    ("weights_deleted", "Weights deleted"),
    ("weights_deletion_methods", "Deleted by"),
    ("tokens_to_retrain_expected", "Tokens to train again, planned"),
    ("tokens_to_retrain_everything", "Tokens of all shards"),
    ("tokens_retrained", "Tokens trained again"),
)
_CHECKED: Final = (
    ("exactness_means", "Exactness"),
    ("run_it_again", "To repeat it"),
    ("records_readable_afterwards", "Records still readable"),
    ("files_left_afterwards", "Record files left"),
    ("files_with_an_identifier", "Files with an identifier"),
    ("searched", "What was searched"),
)


def certificate_page(document: dict[str, Any], sha256: str) -> bytes:
    """The page of a certificate; every value is escaped.

    Args:
        document: the certificate as plain values.
        sha256: digest of its JSON, which the ledger holds.
    """
    recipients = document["recipients"]
    told = (
        f"{recipients['known']} known, {recipients['told']} told, "
        f"{recipients['impossible']} could not be"
    )
    measures = document["interim_measures"]
    parts = [
        _HEAD,
        "<h1>Certificate of erasure</h1>\n",
        _table([("Erasure", document["erasure_id"]), ("SHA-256 of the JSON", sha256)]),
        _section("What was done", _table(_rows(document, _DONE))),
        _section("What was checked", _table(_rows(document, _CHECKED))),
        _section(
            "Beside it",
            _table(
                [
                    ("Recipients (GDPR Article 19)", told),
                    ("Interim measures, none of them erasure", measures),
                ]
            ),
        ),
        _section("What this does not cover", _list(document["not_covered"])),
        _section("The events it rests on", _table(list(document["evidence"].items()))),
        _section(
            "The ledger",
            f"<pre>{escape(document['ledger']['checkpoint'])}</pre>"
            "<p>A receipt of each event, to check without the ledger, is in the JSON "
            "file.</p>\n",
        ),
        "</body>\n</html>\n",
    ]
    return "".join(parts).encode()


def _rows(
    document: dict[str, Any], fields: tuple[tuple[str, str], ...]
) -> list[tuple[str, Any]]:
    return [(title, document[name]) for name, title in fields]


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{body}"


def _table(rows: list[tuple[str, Any]]) -> str:
    cells = (f"<tr><th>{escape(k)}</th><td>{_text(v)}</td></tr>\n" for k, v in rows)
    return f"<table>\n{''.join(cells)}</table>\n"


def _list(items: list[str]) -> str:
    return f"<ul>\n{''.join(f'<li>{escape(one)}</li>' for one in items)}\n</ul>\n"


def _text(value: Any) -> str:
    """A value for a cell; nothing is `none`."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return escape(text or "none")
