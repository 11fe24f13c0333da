"""Options and fixtures that every test folder shares."""

import signal
from pathlib import Path

from hypothesis import settings
from hypothesis.internal.conjecture import providers

settings.register_profile("default", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("soak", deadline=None, max_examples=1000)


def pytest_addoption(parser):
    parser.addoption(
        "--cases",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of conformance cases for tests/interop; skipped without it",
    )
    parser.addoption(
        "--soak", action="store_true", help="run the long campaigns in full"
    )


def pytest_configure(config):
    # A shell that starts us in the background ignores Ctrl-C, and so would the
    # processes that the tests interrupt.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--soak"):
        settings.load_profile("soak")
        return
    settings.load_profile("default")
    # It also draws from the constants of whatever modules are loaded by then, which
    # differ from run to run: without them, the examples are the same in each.
    providers.HypothesisProvider._local_constants = providers.Constants()
