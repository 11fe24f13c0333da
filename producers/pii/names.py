"""Names of persons by a spaCy model that the user has installed."""

from typing import Final

from ledger.errors import InputError
from producers.pii.classes import Hints, Span
from producers.pii.extras import require

_PERSON: Final = frozenset({"PER", "PERSON", "persName"})
"""Labels of persons: of WikiNER models, of OntoNotes models, of the Polish model."""


class NameDetector:
    """Persons that a statistical model sees. It misses some and sees some in error.

    Args:
        model: name of an installed model package; none is ever fetched.

    Raises:
        InputError: spaCy or the model is not installed, or it knows no persons.
    """

    def __init__(self, model: str) -> None:
        spacy = require("spacy", "names")
        if not spacy.util.is_package(model):
            message = f"names: expected an installed spaCy model, found none: {model}"
            raise InputError(message)
        self._model = spacy.load(model)
        if "ner" not in self._model.pipe_names:
            message = (
                f"names: expected a model that finds entities, found none: {model}"
            )
            raise InputError(message)

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`; a model looks at all of the text that it is given."""
        del hints
        return [
            Span(entity.start_char, entity.end_char, "person_name")
            for entity in self._model(text).ents
            if entity.label_ in _PERSON
        ]
