"""Command line: `python -m verifier FILE --policy trust.toml`; argparse alone."""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from verifier import UnreadableLedgerError, load_policy, verify
from verifier.findings import escaped
from verifier.given import GivenError
from verifier.report.verdict import EXIT_UNREADABLE, LEVELS, Report
from verifier.trust.pin import read_root_keys

EXIT_USAGE = 2
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
JOBS_MAX = 64


def main(argv: Sequence[str] | None = None) -> int:
    """Verify one file, print the report, and return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(argv)
    try:
        report = _verify(options)
        text = report.as_json() + "\n" if options.json else report.as_text()
        _print(text)
    except UnreadableLedgerError as error:
        return _fail(EXIT_UNREADABLE, f"{escaped(options.file)}: {error}")
    except GivenError as error:
        return _fail(EXIT_USAGE, str(error))
    except KeyboardInterrupt:
        return _fail(EXIT_INTERRUPTED, "interrupted")
    except Exception as error:  # noqa: BLE001 (the contract: 70 is any uncaught error)
        return _fail(EXIT_BUG, f"{type(error).__name__}: {error}")
    return report.exit_code


def _verify(options: argparse.Namespace) -> Report:
    root_keys = read_root_keys(options.root)
    policy = load_policy(options.policy) if options.policy else None
    return verify(
        options.file,
        root_keys=root_keys,
        root_threshold=options.root_threshold,
        policy=policy,
        pin=options.pin,
        level=options.level,
        fork_out=options.fork_out,
        full=options.full,
        jobs=options.jobs,
    )


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
        " type, 6 not a readable ledger, 7 a level that was asked for is not reached.",
    )
    parser.add_argument("file", metavar="FILE", help="the ledger; it is not changed")
    _add_trust(parser)
    parser.add_argument(
        "--fork-out",
        metavar="FILE",
        help="where the proof of a fork is written; by default beside the pin",
    )
    parser.add_argument(
        "--full", action="store_true", help="judge every entry again, whatever was kept"
    )
    parser.add_argument(
        "--jobs",
        type=_jobs,
        default=1,
        metavar="N",
        help=f"worker processes, 1 to {JOBS_MAX} (default 1)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _add_trust(parser: argparse.ArgumentParser) -> None:
    """Add what the auditor brings, and asks for."""
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="VKEY",
        help="a root key that you know from elsewhere: a vkey, 64 hex digits, or @FILE"
        " with one a line; may be repeated",
    )
    parser.add_argument(
        "--root-threshold",
        type=int,
        choices=range(1, 17),
        metavar="K",
        help="least number of root signatures that the ledger asks for, 1 to 16; by"
        " default the policy's, or the number of root keys",
    )
    parser.add_argument(
        "--policy", metavar="FILE", help="your trust policy (docs/policy.md)"
    )
    parser.add_argument(
        "--pin",
        metavar="DIR",
        help="folder that keeps the newest checkpoint until the next verification",
    )
    parser.add_argument(
        "--level",
        type=int,
        choices=range(len(LEVELS)),
        help="what is asked for: "
        + ", ".join(f"{number} {name}" for number, name in enumerate(LEVELS))
        + "; by default the policy's, or 1",
    )


def _jobs(text: str) -> int:
    jobs = int(text)
    if not 1 <= jobs <= JOBS_MAX:
        message = f"expected 1 to {JOBS_MAX}, found {jobs}"
        raise argparse.ArgumentTypeError(message)
    return jobs


def _fail(code: int, message: str) -> int:
    sys.stderr.write(f"error: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
