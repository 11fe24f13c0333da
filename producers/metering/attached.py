"""A model under the meter, and what must stay of it while its plan holds."""

from dataclasses import dataclass, field

from torch import nn
from torch.utils.hooks import RemovableHandle

from producers.metering.batch import Phase
from producers.metering.fingerprint import outline, trained_weights
from producers.metering.tally import Key
from producers.metering.wrapping import unwrapped


@dataclass(slots=True)
class Attached:
    """One model under the meter, looked at when it is attached.

    Attributes:
        model: what the loop calls.
        plans: number of the plan of each phase.
        handles: of the hooks on it.
        entry: the module by which the call in progress entered; None outside of one.
        call: what that call counts as; None where its shape was not understood.
        trained: names of the weights that were trained then.
        has_frozen: whether some weights were not.
    """

    model: nn.Module
    plans: dict[Phase, int]
    handles: list[RemovableHandle] = field(default_factory=list)
    entry: nn.Module | None = None
    call: Key | None = None
    trained: frozenset[str] = field(init=False)
    has_frozen: bool = field(init=False)
    _outline: frozenset[tuple[object, ...]] = field(init=False)

    def __post_init__(self) -> None:
        inner = unwrapped(self.model)
        self.trained = trained_weights(inner)
        self.has_frozen = not all(each.requires_grad for each in inner.parameters())
        self._outline = outline(inner)

    @property
    def trains_others(self) -> bool:
        """Whether other weights are trained now."""
        return self.trained != trained_weights(unwrapped(self.model))

    @property
    def is_changed(self) -> bool:
        """Whether it has other modules, sizes, checkpoints or hooks now."""
        return self._outline != outline(unwrapped(self.model))
