"""Command line: `python -m verifier FILE --root VKEY`; argparse, no dependency."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from verifier import RootKeyError, UnreadableLedgerError, verify
from verifier.findings import escaped
from verifier.pin import read_root_keys
from verifier.report import EXIT_UNREADABLE

EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one file, print the report, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        root_keys = read_root_keys(options.root)
        report = verify(options.file, root_keys=root_keys, level=options.level)
        text = report.as_json() + "\n" if options.json else report.as_text()
        _print(text)
    except UnreadableLedgerError as error:
        return _fail(EXIT_UNREADABLE, f"{escaped(options.file)}: {error}")
    except RootKeyError as error:
        return _fail(EXIT_USAGE, str(error))
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted")
    except Exception as error:  # noqa: BLE001 (the contract: 70 is any uncaught error)
        return _fail(EXIT_BUG, f"{type(error).__name__}: {error}")
    return report.exit_code


def _print(text: str) -> None:
    """Print a report; a reader who goes away does not change the verdict."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
