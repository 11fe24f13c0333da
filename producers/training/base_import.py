"""A folder of a Hugging Face model to what a workspace keeps of it.

Only three things of the folder are read, each up to a limit: `config.json`,
`tokenizer.json` and the safetensors files; and of `README.md` the licence. Pickled
weights are refused, since reading them runs what they say.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import torch
from packaging.licenses import (
    InvalidLicenseExpression,
    canonicalize_license_expression,
)
from torch import Tensor
from transformers.models.auto.modeling_auto import (  # type: ignore[import-not-found,unused-ignore]
    MODEL_FOR_CAUSAL_LM_MAPPING,
)
from transformers.utils import logging  # type: ignore[import-not-found,unused-ignore]

from ledger.errors import InputError
from producers.training import hugging_face
from producers.training.base_files import (
    CONFIG_BYTES_MAX,
    TOKENIZER_BYTES_MAX,
    BaseFiles,
)
from producers.training.settings import Pretrained
from producers.training.tokens import read_tokens
from producers.training.weights import decode_tensors, encode_tensors
from producers.training.wire import FRAME_BYTES_MAX

WEIGHTS_BYTES_MAX: Final = FRAME_BYTES_MAX - 65_536
"""Most bytes of all weight files; what is kept of them must fit one message."""

WEIGHT_FILES_MAX: Final = 64
README_BYTES_MAX: Final = 262_144
_ELEMENTS_HARMLESS: Final = 2**24
"""A model of so many elements is built whatever its weights hold: 64 MiB."""

_LICENCE_CHARS_MAX: Final = 256
_TYPES: Final = (torch.float32, torch.float16, torch.bfloat16)
_PICKLED: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt")
_LICENCE: Final = re.compile(r"^license:[ \t]*[\"']?([A-Za-z0-9 .+()-]+?)[\"']?[ \t]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedBase:
    """What is kept of a folder.

    Attributes:
        weights: canonical safetensors bytes: the model's weights by the library's own
            names, each once, in the type that all of them had, else in 32 bits.
        files: how the model is built and fed.
        licence: SPDX expression of its README; empty where it has none.
        context_max: positions that the model can see; 0 where it does not say.
    """

    weights: bytes
    files: BaseFiles
    licence: str
    context_max: int


def read_base(folder: Path) -> ImportedBase:
    """Read a model's folder.

    Raises:
        InputError: a file is missing, too large or not what it should be, or the
            weights are not all of the model and nothing else.
    """
    if (folder / "adapter_config.json").exists():
        _refuse(folder, "a base model", "an adapter; merge it into its base first")
    files = BaseFiles(
        config=_read(folder / "config.json", CONFIG_BYTES_MAX),
        tokenizer=_read(folder / "tokenizer.json", TOKENIZER_BYTES_MAX),
    )
    config = hugging_face.read_config(files.config)
    tokens = read_tokens(files)
    vocabulary = int(config.get_text_config().vocab_size)
    if tokens.vocabulary > vocabulary or tokens.separator >= vocabulary:
        found = max(tokens.vocabulary, tokens.separator + 1)
        expected = f"at most the {vocabulary} tokens of config.json"
        _refuse(folder / "tokenizer.json", expected, str(found))
    return ImportedBase(
        weights=_weights(folder, config),
        files=files,
        licence=_licence(folder / "README.md"),
        context_max=int(getattr(config, "max_position_embeddings", None) or 0),
    )


def architecture(files: BaseFiles, *, context: int) -> Pretrained:
    """What a recipe says of a base with these files."""
    config_sha256, tokenizer_sha256 = files.digests()
    return Pretrained(
        config_sha256=config_sha256, tokenizer_sha256=tokenizer_sha256, context=context
    )


def _weights(folder: Path, config: Any) -> bytes:
    tensors: dict[str, Tensor] = {}
    for path in _weight_files(folder):
        try:
            content = path.read_bytes()
        except OSError as error:
            _refuse(path, "a file", error.strerror or "none")
        for name, tensor in decode_tensors(content).items():
            if name in tensors:
                _refuse(path, "each tensor in one file", f"{name[:128]} in two")
            tensors[name] = tensor
    types = {tensor.dtype for tensor in tensors.values()}
    if not types or not types <= set(_TYPES):
        found = ", ".join(sorted(map(str, types))) or "no tensor"
        _refuse(folder, "weights of 32 or 16 bits", found)
    kept = types.pop() if len(types) == 1 else torch.float32
    model = _convert(config, tensors)
    weights = hugging_face.base_weights(model)
    # Whatever was of that type comes back to the bit: float32 holds it all.
    return encode_tensors({name: weights[name].to(kept) for name in sorted(weights)})


def _convert(config: Any, tensors: dict[str, Tensor]) -> torch.nn.Module:
    """The library's model with these weights, whose names may be of an older version.

    Raises:
        InputError: a weight of the model is missing, or one is not of it.
    """
    _check_size(config, tensors)
    kind = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call,unused-ignore]
    try:
        model, found = kind.from_pretrained(
            None,
            config=config,
            state_dict=tensors,
            dtype=torch.float32,
            output_loading_info=True,
            local_files_only=True,
            use_safetensors=True,
        )
    except (RuntimeError, ValueError) as error:
        message = "base weights: expected those of config.json, found others"
        raise InputError(message) from error
    for name in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        names = sorted(map(str, found[name]))
        if names:
            message = (
                f"base weights: expected exactly those of config.json, found "
                f"{len(names)} {name.split('_', maxsplit=1)[0]}, such as "
                f"{names[0][:128]}"
            )
            raise InputError(message)
    return cast("torch.nn.Module", model)


def _check_size(config: Any, tensors: dict[str, Tensor]) -> None:
    """Refuse sizes that the weights do not have, before memory is taken for them.

    Names may be of an older version, so counts are compared; a layer has a tensor of
    its own, or a model of 10^9 layers would fill the memory with its modules alone.

    Raises:
        InputError: `config.json` asks for more than the weights hold.
    """
    layers = getattr(config.get_text_config(), "num_hidden_layers", None) or 0
    if not isinstance(layers, int) or layers > len(tensors):
        message = (
            f"config.json: expected no more layers than the {len(tensors)} tensors of "
            "the weights, found more; take the config.json of these weights"
        )
        raise InputError(message)
    try:
        shape = hugging_face.make_shape(config)
    except Exception as error:  # the library builds as each model sees fit
        message = f"config.json: {type(error).__name__}: no model can be built from it"
        raise InputError(message) from error
    needed = sum(weight.numel() for weight in shape.parameters())
    held = sum(tensor.numel() for tensor in tensors.values())
    buffers = sum(buffer.nbytes for buffer in shape.buffers())
    # Less than that is taken, and what exactly is missing is said.
    if needed > max(2 * held, _ELEMENTS_HARMLESS) or buffers > WEIGHTS_BYTES_MAX:
        message = (
            f"base weights: expected the {needed} elements and {buffers} bytes of "
            f"buffers that config.json asks for, found {held} elements; "
            "take the config.json of these weights"
        )
        raise InputError(message)


def _weight_files(folder: Path) -> Sequence[Path]:
    """The one file, or all its parts; another copy of the weights is passed over."""
    whole = folder / "model.safetensors"
    paths = [whole] if whole.is_file() else sorted(folder.glob("model-*.safetensors"))
    if not paths:
        pickled = any(any(folder.glob(pattern)) for pattern in _PICKLED)
        found = "pickled weights, which are not read; convert them" if pickled else ""
        _refuse(folder, "model.safetensors or its parts", found or "none")
    # What cannot be read is refused when it is.
    size = sum(path.stat().st_size for path in paths if path.is_file())
    if len(paths) > WEIGHT_FILES_MAX or size > WEIGHTS_BYTES_MAX:
        expected = f"at most {WEIGHTS_BYTES_MAX} bytes in {WEIGHT_FILES_MAX} files"
        _refuse(folder, expected, f"{size} bytes in {len(paths)}")
    return paths


def _read(path: Path, bytes_max: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        _refuse(path, "a file", error.strerror or "none")
    if len(content) > bytes_max:
        _refuse(path, f"at most {bytes_max} bytes", "more")
    return content


def _licence(readme: Path) -> str:
    """The licence that the README's front matter names, where SPDX has it."""
    try:
        with readme.open("rb") as file:
            text = file.read(README_BYTES_MAX).decode(errors="replace")
    except OSError:
        return ""
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        return ""
    for line in lines[1:]:
        if line.strip() == "---":
            break
        found = _LICENCE.match(line)
        if found is not None:
            return canonical_licence(found[1]) or ""
    return ""


def canonical_licence(text: str) -> str | None:
    """An SPDX expression in its one spelling; None where it is none."""
    if len(text) > _LICENCE_CHARS_MAX:  # before the parser: its cost grows with it
        return None
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None


def _refuse(path: Path, expected: str, found: str) -> NoReturn:
    message = f"base model, {path.name}: expected {expected}, found {found}"
    raise InputError(message)
