"""What a training ran on: versions of everything installed, and the kind of machine.

The name of the machine or of a user is no part of it.
"""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, distributions, version
from typing import Any


def captured() -> dict[str, Any]:
    """Python, platform and every installed distribution."""
    found = {(each.name, each.version) for each in distributions()}
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count() or 1,
        "threads": threads_here(),
        "distributions": sorted(f"{name}=={number}" for name, number in found if name),
    }


def torch_version() -> str:
    """Build of the tensor library; `none` where it is not installed."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return "none"


def threads_here() -> int:
    """Intra-op threads of the tensor library, if it is loaded; else processors."""
    torch = sys.modules.get("torch")
    return int(torch.get_num_threads()) if torch else os.cpu_count() or 1
