"""The recipe: everything that decides the bits of the trained weights.

A recipe has two halves: the `Settings` that a person chooses, and the `Environment`
that is captured where the run happens. Both go into one digest, since the same settings
on another instruction set or library build give other weights. A recipe from elsewhere
is therefore not re-executable here, which is not the same as a mismatch.

Canonical form: JSON in schema order without spaces; integers and short strings only,
so that it has one spelling.
"""

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ledger.errors import InputError
from producers.training.settings import (
    DEMO_ADAPTER,
    DEMO_BASE,
    SEPARATOR,
    VOCABULARY,
    Architecture,
    Compute,
    Lora,
    Pretrained,
    Privacy,
    Settings,
    Target,
)

__all__ = [
    "DEMO_ADAPTER",
    "DEMO_BASE",
    "SEPARATOR",
    "VOCABULARY",
    "Architecture",
    "Compute",
    "Environment",
    "Lora",
    "Pretrained",
    "Privacy",
    "Recipe",
    "Settings",
    "Target",
    "capture_environment",
    "make_recipe",
    "parse_recipe",
    "same_environment",
]

_BITS_FILES: Final = (
    "devices.py",
    "draws.py",
    "gradients.py",
    "hugging_face.py",
    "language.py",
    "model.py",
    "packing.py",
    "private.py",
    "slices.py",
    "tokens.py",
    "weights.py",
)
_PRETRAINED_LIBRARIES: Final = ("peft", "tokenizers", "transformers")
_PRIVACY_LIBRARIES: Final = ("opacus",)
_BITS_VARIABLES: Final = (
    "ATEN_CPU_CAPABILITY",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
)

_Text = Annotated[str, Meta(max_length=256)]


class Environment(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Where the bits come from besides the settings.

    Attributes:
        code_sha256: digest of the modules that decide the bits.
        torch_version: build of the tensor library.
        torch_config_sha256: digest of its compile options and linked libraries.
        safetensors_version: build of the library that lays out the weight file.
        cpu_capability: vector instruction set that torch chose.
        cpu_model: processor; its linear-algebra library chooses kernels by it.
        variables: environment variables that choose kernels, as `NAME=value`.
        libraries: builds of further libraries that the settings call for, as
            `NAME version`; none for the byte-level GPT.
        accelerator: the GPU and the libraries that choose its kernels; unset where the
            settings ask for none, and `none` where they do and none is here.
        threads: intra-op threads; 1, 2 and 4 threads give three results.
        deterministic: whether only deterministic algorithms are allowed.
    """

    code_sha256: _Text
    torch_version: _Text
    torch_config_sha256: _Text
    safetensors_version: _Text
    cpu_capability: _Text
    cpu_model: _Text
    variables: tuple[_Text, ...]
    libraries: tuple[_Text, ...] = ()
    threads: Literal[1] = 1
    deterministic: Literal[True] = True
    accelerator: tuple[_Text, ...] | UnsetType = UNSET

    @property
    def sha256(self) -> str:
        """SHA-256 of its one spelling as JSON, lowercase hex."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings and environment: the same recipe, records and seeds, the same weights.

    Attributes:
        settings: what a person chose.
        environment: where it was captured.
    """

    settings: Settings
    environment: Environment

    def canonical(self) -> bytes:
        """The recipe's one spelling as JSON.

        Raises:
            InputError: a value is out of range.
        """
        content = msgspec.json.encode(self)
        # Constructors check nothing, so what cannot be read back is refused here.
        parse_recipe(content)
        return content

    @property
    def sha256(self) -> str:
        """SHA-256 of the canonical form, lowercase hex."""
        return hashlib.sha256(self.canonical()).hexdigest()


def parse_recipe(content: bytes) -> Recipe:
    """Read a recipe's canonical form.

    Raises:
        InputError: it is not a recipe, or not in its one spelling.
    """
    try:
        recipe = msgspec.json.decode(content, type=Recipe)
    except msgspec.DecodeError as error:
        message = f"recipe cannot be read: {error}"
        raise InputError(message) from None
    if msgspec.json.encode(recipe) != content:
        message = "recipe is not in its one spelling"
        raise InputError(message)
    return recipe


def make_recipe(settings: Settings) -> Recipe:
    """Join `settings` with the environment of this machine.

    Raises:
        InputError: a setting is out of range.
        InputError: a library that the settings need is not installed.
    """
    recipe = Recipe(settings=settings, environment=capture_environment(settings))
    recipe.canonical()
    return recipe


def same_environment(recipe: Recipe) -> bool:
    """Whether `recipe` can be re-executed here.

    Raises:
        InputError: a library that its settings need is not installed.
    """
    return recipe.environment == capture_environment(recipe.settings)


def capture_environment(settings: Settings = DEMO_BASE) -> Environment:
    """Describe this machine as far as it decides the bits.

    Args:
        settings: what is trained; they say which libraries take part.

    Raises:
        InputError: a library that takes part is not installed.
    """
    try:
        import safetensors  # noqa: PLC0415 - the base install has no tensor library
        import torch  # noqa: PLC0415
    except ImportError as error:
        message = f"training needs the extra 'train': module {error.name} not found"
        raise InputError(message) from None
    folder = Path(__file__).parent
    code = hashlib.sha256()
    for name in _BITS_FILES:
        code.update(hashlib.sha256((folder / name).read_bytes()).digest())
    config = torch.__config__.show()
    return Environment(
        code_sha256=code.hexdigest(),
        torch_version=str(torch.__version__),
        torch_config_sha256=hashlib.sha256(config.encode()).hexdigest(),
        safetensors_version=safetensors.__version__,
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        cpu_model=_cpu_model(),
        variables=tuple(
            f"{name}={os.environ[name]}"
            for name in _BITS_VARIABLES
            if name in os.environ
        ),
        libraries=_libraries(settings),
        accelerator=_accelerator(settings),
    )


def _accelerator(settings: Settings) -> tuple[str, ...] | UnsetType:
    """What of an accelerator decides the bits."""
    if settings.passes.device == "cpu":
        return UNSET
    from producers.training.devices import accelerator  # noqa: PLC0415 - as torch

    return accelerator(settings.passes)


def _libraries(settings: Settings) -> tuple[str, ...]:
    """Builds of what the settings need beside torch."""
    found: tuple[str, ...] = ()
    if isinstance(settings.architecture, Pretrained):
        what = "training on a base from elsewhere"
        found += _builds(_PRETRAINED_LIBRARIES, what=what, extra="peft")
    if settings.privacy is not UNSET:
        found += _builds(_PRIVACY_LIBRARIES, what="--dp-noise", extra="dp")
    return found


def _builds(names: tuple[str, ...], *, what: str, extra: str) -> tuple[str, ...]:
    try:
        return tuple(f"{name} {version(name)}" for name in names)
    except PackageNotFoundError as error:
        message = f"{what} needs the extra {extra!r}: {error.name} not found"
        raise InputError(message) from None


def _cpu_model() -> str:
    """The processor's name, with the machine type where the system gives no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        lines = ""
    for line in lines.splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()[:256]
    return f"{platform.machine()} {platform.processor()}".strip()[:256]
