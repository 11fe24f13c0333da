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
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ledger.errors import InputError

VOCABULARY: Final = 257
"""256 byte values, and one separator that no byte can be taken for."""

SEPARATOR: Final = 256
"""The token before each record, after the last one, and in the padding."""

Target = Literal["qkv", "out", "up", "down"]
"""The matrices of a block in forward order."""

_BITS_FILES: Final = ("model.py", "packing.py", "slices.py", "weights.py")
_BITS_VARIABLES: Final = (
    "ATEN_CPU_CAPABILITY",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
)

_Dimension = Annotated[int, Meta(ge=1, le=65_536)]
_Text = Annotated[str, Meta(max_length=256)]


class Architecture(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The shape of the byte-level GPT.

    Attributes:
        width: elements of the residual stream; a multiple of `heads`.
        layers: transformer blocks.
        heads: attention heads.
        context: positions that the model can see.
    """

    width: _Dimension = 96
    layers: Annotated[int, Meta(ge=1, le=256)] = 3
    heads: _Dimension = 4
    context: _Dimension = 96

    def __post_init__(self) -> None:
        if self.heads < 1 or self.width % self.heads:
            message = (
                f"architecture: expected a width that {self.heads} heads divide, "
                f"found {self.width}"
            )
            raise InputError(message)

    def matrices(self) -> tuple[tuple[Target, int, int], ...]:
        """Name, input size and output size of a block's matrices, in forward order."""
        d = self.width
        return ("qkv", d, 3 * d), ("out", d, d), ("up", d, 4 * d), ("down", 4 * d, d)


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low-rank adapters: W x + (alpha / rank) B A x, with W frozen.

    Source: Hu and others, LoRA, section 4.1 (arXiv:2106.09685).

    Attributes:
        rank: columns of B and rows of A.
        alpha: numerator of the scale.
        targets: the matrices of every block that get an adapter.
    """

    rank: _Dimension = 16
    alpha: _Dimension = 32
    targets: Annotated[tuple[Target, ...], Meta(min_length=1, max_length=4)] = (
        "qkv",
        "out",
        "up",
        "down",
    )

    def __post_init__(self) -> None:
        if len(set(self.targets)) != len(self.targets):
            message = f"lora targets: expected no repetition, found {self.targets}"
            raise InputError(message)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person chooses.

    Attributes:
        architecture: the model.
        lora: the adapters to train on a frozen base; None trains all from scratch.
        batch: sequences in a full batch; the last one of an epoch may be smaller.
        epochs: passes over the whole data that the cost of all slices adds up to.
        steps_max: most optimizer steps in one slice.
        learning_rate_ppm: peak learning rate, millionths.
        dtype: type of weights and activations.
    """

    architecture: Architecture = Architecture()
    lora: Lora | None = Lora()
    batch: Annotated[int, Meta(ge=1, le=65_536)] = 8
    epochs: Annotated[int, Meta(ge=1, le=1000)] = 4
    steps_max: Annotated[int, Meta(ge=1, le=10**9)] = 10**9
    learning_rate_ppm: Annotated[int, Meta(ge=1, le=10**6)] = 3000
    dtype: Literal["float32"] = "float32"


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
    threads: Literal[1] = 1
    deterministic: Literal[True] = True

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


DEMO_BASE: Final = Settings(lora=None, epochs=1, steps_max=320)
"""Pre-trains a base on some 0.5 MB of text."""

DEMO_ADAPTER: Final = Settings(epochs=2, learning_rate_ppm=5000)
"""Fine-tunes one shard of some 50 kB of text."""


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
        InputError: torch or safetensors is not installed.
    """
    recipe = Recipe(settings=settings, environment=capture_environment())
    recipe.canonical()
    return recipe


def same_environment(recipe: Recipe) -> bool:
    """Whether `recipe` can be re-executed here.

    Raises:
        InputError: torch or safetensors is not installed.
    """
    return recipe.environment == capture_environment()


def capture_environment() -> Environment:
    """Describe this machine as far as it decides the bits.

    Raises:
        InputError: torch or safetensors is not installed.
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
    )


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
