"""The basket: product tokens of crawlers that gather training data, with a date.

The list is data (`basket.toml`), its version is part of every policy, and a policy may
leave single tokens out.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketToken:
    """One crawler of the basket.

    Attributes:
        token: product token, as its operator spells it.
        operator: who runs it.
        purpose: always `training`; other crawlers are not in the basket.
        legacy: whether the operator stopped using it.
        source: where this is documented.
    """

    token: str
    operator: str
    purpose: str
    legacy: bool
    source: str


@dataclass(frozen=True, slots=True)
class Basket:
    """A dated list of training crawlers.

    Attributes:
        version: its date, YYYY-MM-DD.
        tokens: every crawler in it.
    """

    version: str
    tokens: tuple[BasketToken, ...]

    def agents(self, relaxed: Collection[str] = ()) -> tuple[str, ...]:
        """The product tokens that count, those in `relaxed` left out."""
        left_out = {token.casefold() for token in relaxed}
        return tuple(
            entry.token
            for entry in self.tokens
            if entry.token.casefold() not in left_out
        )


def load_basket() -> Basket:
    """Read the basket that ships with the package."""
    path = resources.files("producers.optout.vocabulary").joinpath("basket.toml")
    content = tomllib.loads(path.read_text("utf-8"))
    tokens = tuple(BasketToken(**entry) for entry in content["token"])
    return Basket(content["version"], tokens)
