"""Command line: `python -m verifier FILE --root VKEY`; argparse, no dependency."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from verifier import RootKeyError, UnreadableLedgerError, verify
from verifier.report import EXIT_UNREADABLE

EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
KEY_FILE_BYTES_MAX = 65_536


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one file, print the report, and return the exit code."""
    options = _parser().parse_args(argv)
    try:
        report = verify(
            options.file, root_keys=_root_keys(options.root), level=options.level
        )
        text = report.as_json() + "\n" if options.json else report.as_text()
        sys.stdout.write(text)
    except UnreadableLedgerError as error:
        return _fail(EXIT_UNREADABLE, f"{options.file}: {error}")
    except RootKeyError as error:
        return _fail(EXIT_USAGE, str(error))
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted")
    except Exception as error:  # noqa: BLE001 (the contract: 70 is any uncaught error)
        return _fail(EXIT_BUG, f"{type(error).__name__}: {error}")
    return report.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tuneledger-verify",
        description="Prove that no event of a tuneledger file was altered.",
        epilog="Exit codes: 0 all asked for holds, 1 tampered, 2 usage, 5 unknown event"
        " type, 6 not a readable ledger, 7 no or another root key.",
    )
    parser.add_argument("file", metavar="FILE", help="the ledger; it is not changed")
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="VKEY",
        help="a root key that you know from elsewhere: a vkey, 64 hex digits, or @FILE"
        " with one a line; may be repeated",
    )
    parser.add_argument(
        "--level",
        type=int,
        choices=(0, 1),
        default=1,
        help="0: consistent under the keys in the file; 1: authentic (default)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _root_keys(options: Sequence[str]) -> list[str]:
    keys: list[str] = []
    for option in options:
        if option.startswith("@"):
            keys += _read_key_file(Path(option[1:]))
        else:
            keys.append(option)
    return keys


def _read_key_file(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            text = file.read(KEY_FILE_BYTES_MAX).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: {error}"
        raise RootKeyError(message) from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
