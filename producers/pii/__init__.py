"""Sensitive data in a text: found, counted by class, replaced, decided upon."""

from producers.pii.classes import (
    ARTICLE_9_CLASSES,
    NO_HINTS,
    SENSITIVE_CLASSES,
    Detector,
    Hints,
    SensitiveClass,
    Span,
)
from producers.pii.clean import redact_all
from producers.pii.findings import Findings
from producers.pii.fingerprints import (
    FingerprintDetector,
    FingerprintIndex,
    decode_index,
    fingerprint,
)
from producers.pii.names import NameDetector
from producers.pii.phrases import PhraseDetector, marker_detector, phrase_detector
from producers.pii.policy import (
    ACTIONS,
    Action,
    Decision,
    SensitivityPolicy,
    decide,
)
from producers.pii.presidio import PresidioDetector
from producers.pii.redact import PLACEHOLDERS, redact
from producers.pii.scan import default_detectors, scan

__all__ = [
    "ACTIONS",
    "ARTICLE_9_CLASSES",
    "NO_HINTS",
    "PLACEHOLDERS",
    "SENSITIVE_CLASSES",
    "Action",
    "Decision",
    "Detector",
    "Findings",
    "FingerprintDetector",
    "FingerprintIndex",
    "Hints",
    "NameDetector",
    "PhraseDetector",
    "PresidioDetector",
    "SensitiveClass",
    "SensitivityPolicy",
    "Span",
    "decide",
    "decode_index",
    "default_detectors",
    "fingerprint",
    "marker_detector",
    "phrase_detector",
    "redact",
    "redact_all",
    "scan",
]
