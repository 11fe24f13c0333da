"""Presidio's recognisers, without a language model and without the network."""

from typing import Final

from producers.pii.classes import Hints, SensitiveClass, Span
from producers.pii.extras import require

_CLASS_OF: Final[dict[str, SensitiveClass]] = {
    "CREDIT_CARD": "payment_card",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
    "MEDICAL_LICENSE": "health_id",
    "PERSON": "person_name",
    "PHONE_NUMBER": "phone",
    "UK_NHS": "health_id",
    "US_BANK_NUMBER": "national_id",
    "US_DRIVER_LICENSE": "national_id",
    "US_ITIN": "national_id",
    "US_PASSPORT": "national_id",
    "US_SSN": "national_id",
}
"""Presidio's entities by our classes; others, such as URL and DATE_TIME, are left."""


class PresidioDetector:
    """Patterns and validators of Presidio in English; its engine is `no_op`.

    Presidio's own engine would fetch a language model, and its e-mail recogniser a list
    of public suffixes: neither is asked for. Most of its findings are ours too; its
    bank and passport numbers are guesses below the default score.

    Args:
        score: least score of a finding, 0 .. 1.

    Raises:
        InputError: presidio-analyzer is not installed.
    """

    def __init__(self, *, score: float = 0.4) -> None:
        analyzer = require("presidio_analyzer", "presidio")
        provider = require("presidio_analyzer.nlp_engine", "presidio").NlpEngineProvider
        require("tldextract.tldextract", "presidio").TLD_EXTRACTOR.suffix_list_urls = ()
        engine = provider(
            nlp_configuration={
                "nlp_engine_name": "no_op",
                "models": [{"lang_code": "en", "model_name": "no_op"}],
            }
        ).create_engine()
        self._engine = analyzer.AnalyzerEngine(
            nlp_engine=engine, supported_languages=["en"]
        )
        self._score = score

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`; Presidio looks at the whole text that it is given."""
        del hints
        return [
            Span(found.start, found.end, _CLASS_OF[found.entity_type])
            for found in self._engine.analyze(
                text=text, language="en", score_threshold=self._score
            )
            if found.entity_type in _CLASS_OF
        ]
