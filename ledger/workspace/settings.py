"""`tuneledger.toml`: what a person chose for a workspace."""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ledger.disk.files import open_regular, write_once
from ledger.errors import InputError, NotALedgerError
from ledger.events.base import Name, Token
from ledger.events.erasure import KeyStore
from ledger.events.ingest import SensitiveClass
from ledger.events.policy import Purpose

FILE: Final = "tuneledger.toml"
_BYTES_MAX: Final = 65_536

CountryCode = Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of one workspace.

    Attributes:
        origin: name of the log, a schema-less URL.
        jurisdictions: where the model may be used; a record must pass in each.
        shards: how many shards, S; the adapters of 128 fit the line of one event.
        slices: how many slices in each, R.
        load_per_mille: bound on a shard's load over the mean, 1250 = 1.25.
        unit_bytes_max: most bytes of an erasure unit that a record which links others
            may lead to; such a record waits for a person. 0 for no bound.
        basket_relaxed: training tokens whose rules do not block here.
        model_name: name of the fine-tuned model.
        purpose: what the model is trained for; `research` only for non-commercial
            research of an organisation that Directive (EU) 2019/790, Article 2(1),
            names.
        sensitive_required: classes of sensitive data that must be looked for; others
            are where what detects them is installed.
        sensitive_countries: ISO 3166-1 codes, capital letters: whose national numbers
            and whose way of writing telephone numbers to expect in texts.
        key_store: where the key that wraps the vault's keys is kept.
        kms_command: for key_store "kms": a command that wraps and unwraps; see
            `ledger.key_stores.command`.
    """

    origin: Name
    jurisdictions: Annotated[
        list[Literal["eu", "uk"]], Meta(min_length=1, max_length=2)
    ] = msgspec.field(default_factory=lambda: ["eu", "uk"])
    shards: Annotated[int, Meta(ge=1, le=128)] = 4
    slices: Annotated[int, Meta(ge=1, le=256)] = 3
    load_per_mille: Annotated[int, Meta(ge=1000, le=4000)] = 1250
    unit_bytes_max: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    basket_relaxed: Annotated[list[Token], Meta(max_length=256)] = []
    model_name: Name = "byte-gpt"
    purpose: Purpose = "commercial"
    sensitive_required: Annotated[list[SensitiveClass], Meta(max_length=32)] = []
    sensitive_countries: Annotated[list[CountryCode], Meta(max_length=256)] = []
    key_store: KeyStore = "file"
    kms_command: Annotated[
        list[Annotated[str, Meta(max_length=4096)]], Meta(max_length=64)
    ] = []

    def to_toml(self) -> str:
        """The file's text."""
        lines = ["# Settings of this workspace; docs/tutorial.md says what each does."]
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int):
                text = str(value)
            elif isinstance(value, str):
                text = json.dumps(value)
            else:
                text = "[" + ", ".join(map(json.dumps, value)) + "]"
            lines.append(f"{name} = {text}")
        return "\n".join(lines) + "\n"


def save_settings(folder: Path, settings: Settings) -> None:
    """Write the file of a new workspace."""
    write_once(folder / FILE, settings.to_toml().encode())


def load_settings(folder: Path) -> Settings:
    """Read and check the file.

    Raises:
        NotALedgerError: the folder has none.
        InputError: it is malformed; the message names the field.
    """
    path = folder / FILE
    try:
        with open_regular(path) as file:
            content = file.read(_BYTES_MAX + 1)
    except OSError as error:
        message = (
            f"{folder} is no workspace: {FILE} cannot be read ({error.strerror}); "
            "name the folder with -w"
        )
        raise NotALedgerError(message) from None
    if len(content) > _BYTES_MAX:
        message = f"{FILE}: expected at most {_BYTES_MAX} bytes, found more"
        raise InputError(message)
    try:
        return parse_settings(tomllib.loads(content.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{FILE}: {error}"
        raise InputError(message) from None


def parse_settings(values: dict[str, object]) -> Settings:
    """Check settings given as plain values.

    Raises:
        InputError: a value is out of range; the message names the field.
    """
    try:
        return msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        message = f"{FILE}: {error}"
        raise InputError(message) from None
