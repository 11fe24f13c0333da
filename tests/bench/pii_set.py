"""Texts in nine locales that carry sensitive data, each value labelled with its class.

Values come from `faker`, from the example numbers of `phonenumbers`, and from check
digits that are worked out here. Secrets follow the forms of their vendors: their recall
says that the forms work, not that all forms are known. A sentence around a value names
it in the language of the locale; a third of the values stand in a line of fields.
"""

import base64
import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import phonenumbers
from faker import Faker
from stdnum import luhn
from stdnum.fr import nir

from producers.pii import Hints, SensitiveClass


@dataclass(frozen=True)
class Value:
    """A labelled value and where it stands."""

    sensitive_class: SensitiveClass
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Record:
    """A text, what is known of it, and what it carries."""

    text: str
    hints: Hints
    values: tuple[Value, ...]


LOCALES = {
    "en_US": ("US", "en", "Her {} is {}, please keep it.", "The {} of our client: {}."),
    "en_GB": (
        "GB",
        "en",
        "You asked for the {}; it is {}.",
        "My new {} is {}, thanks.",
    ),
    "de_DE": ("DE", "de", "Hier ist die {}: {}.", "Bitte notieren: {} {}, danke."),
    "fr_FR": ("FR", "fr", "Voici mon {} : {}.", "Le {} du client est {}, merci."),
    "it_IT": ("IT", "it", "Ecco il {}: {}.", "Il {} del cliente è {}, grazie."),
    "es_ES": ("ES", "es", "Este es el {}: {}.", "El {} del cliente es {}, gracias."),
    "nl_NL": ("NL", "nl", "Hier is het {}: {}.", "Het {} van de klant is {}, dank u."),
    "pt_PT": ("PT", "pt", "Aqui está o {}: {}.", "O {} do cliente é {}, obrigado."),
    "pl_PL": ("PL", "pl", "Oto {}: {}.", "Dane klienta, {} {}, dziękuję."),
}
"""Country, language and two sentences: name of the value, value."""

NAMES = {
    "email": {"*": ("e-mail", "mail")},
    "phone": {
        "en": ("phone number", "mobile"),
        "de": ("Telefonnummer", "Mobilnummer"),
        "fr": ("numéro de téléphone", "portable"),
        "it": ("numero di telefono", "cellulare"),
        "es": ("número de teléfono", "móvil"),
        "nl": ("telefoonnummer", "mobiele nummer"),
        "pt": ("número de telefone", "telemóvel"),
        "pl": ("numer telefonu", "telefon"),
    },
    "ip": {"*": ("IP", "host")},
    "iban": {"*": ("IBAN", "bank")},
    "card": {"*": ("card", "Visa")},
    "health": {"*": ("id", "no.")},
    "secret": {"*": ("key", "token")},
    "person": {"*": ("name", "contact")},
}


def records(seed: int, count: int) -> Iterator[Record]:
    """`count` records for each locale, the same for the same seed."""
    for locale in LOCALES:
        rng = random.Random(f"{seed}/{locale}")
        fake = Faker(locale)
        fake.seed_instance(rng.getrandbits(32))
        for _ in range(count):
            yield _record(locale, fake, rng)


def _record(locale: str, fake: Faker, rng: random.Random) -> Record:
    """Filler, and one value of each maker in random order."""
    country, language, *sentences = LOCALES[locale]
    pieces: list[str] = []
    values: list[Value] = []
    size = 0

    def add(text: str) -> None:
        nonlocal size
        pieces.append(text)
        size += len(text)

    makers = list(_makers(country, fake, rng))
    rng.shuffle(makers)
    for name, sensitive_class, kind, make in makers:
        add(fake.paragraph(nb_sentences=3) + "\n")
        spoken = rng.choice(NAMES[name].get(language) or NAMES[name]["*"])
        form = rng.choice([*sentences, "{}={}"])
        before, middle, after = form.split("{}")
        add(f"{before}{spoken}{middle}")
        lead, value, trail = _parted(make())
        add(lead)
        values.append(Value(sensitive_class, kind, size, size + len(value)))
        add(value)
        add(f"{trail}{after}\n")
    hints = Hints(countries=(country,), languages=(language,))
    return Record("".join(pieces), hints, tuple(values))


EDGE = "\0"
"""Stands around the value in what a maker gives, where that is more than the value."""


def _parted(made: str) -> tuple[str, str, str]:
    """What stands before the value, the value, and what stands after it."""
    before, value, after = made.split(EDGE) if EDGE in made else ("", made, "")
    return before, value, after


_Maker = tuple[str, SensitiveClass, str, Callable[[], str]]


def _makers(country: str, fake: Faker, rng: random.Random) -> Iterator[_Maker]:
    """How each value of a record is made."""
    yield "email", "email", "email", fake.email
    yield "email", "email", "free email", fake.free_email
    yield "ip", "ip_address", "ipv4", fake.ipv4
    yield "ip", "ip_address", "ipv6", fake.ipv6
    yield "iban", "iban", "iban", lambda: _grouped(fake.iban(), 4, rng)
    yield "phone", "phone", "phone of faker", lambda: _valid_phone(country, fake)
    yield "phone", "phone", "phone of a plan", lambda: _plan_phone(country, rng)
    yield "card", "payment_card", "card", lambda: _card(fake, rng)
    health = HEALTH.get(country)
    if health:
        yield "health", "health_id", health[0], lambda: health[1](rng)
    for kind in rng.sample(sorted(SECRETS), 3):
        yield "secret", "secret", kind, lambda kind=kind: SECRETS[kind](rng)
    yield "person", "person_name", "name", fake.name


def _grouped(value: str, size: int, rng: random.Random) -> str:
    """As it is, or in groups with a blank."""
    if rng.random() < 0.5:
        return value
    return " ".join(value[at : at + size] for at in range(0, len(value), size))


def _valid_phone(country: str, fake: Faker) -> str:
    """A number of faker that the numbering plan has; most of its numbers are not."""
    while True:
        value = fake.phone_number()
        try:
            number = phonenumbers.parse(value, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return value


def _plan_phone(country: str, rng: random.Random) -> str:
    """A valid number near the plan's example, in one of three ways of writing."""
    kind = rng.choice(
        (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
    )
    example = phonenumbers.example_number_for_type(country, kind)
    style = rng.choice(
        (
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            phonenumbers.PhoneNumberFormat.NATIONAL,
            phonenumbers.PhoneNumberFormat.E164,
        )
    )
    while True:
        last = 10**4
        number = phonenumbers.PhoneNumber(
            country_code=example.country_code,
            national_number=example.national_number // last * last
            + rng.randrange(last),
            italian_leading_zero=example.italian_leading_zero,
        )
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, style)


def _card(fake: Faker, rng: random.Random) -> str:
    """A number of any scheme that faker knows in this locale."""
    value = fake.credit_card_number()
    return _grouped(value, 4, rng) if len(value) == 16 else value


def _nhs(rng: random.Random) -> str:
    """Modulo 11 with weights 10 to 2. Source: NHS Data Dictionary, NHS NUMBER."""
    while True:
        digits = [rng.randrange(1, 10), *(rng.randrange(10) for _ in range(8))]
        check = -sum(w * d for w, d in zip(range(10, 1, -1), digits, strict=True)) % 11
        if check < 10:
            value = "".join(map(str, (*digits, check)))
            return f"{value[:3]} {value[3:6]} {value[6:]}"


def _kvnr(rng: random.Random) -> str:
    """The letter's place and eight digits, checked by the sum that Luhn completes.

    Source: section 290 SGB V. Known numbers: X110411319, X110465770.
    """
    letter = rng.choice(string.ascii_uppercase)
    digits = _word(rng, 8, string.digits)
    completing = int(luhn.calc_check_digit(f"{ord(letter) - 64:02d}{digits}"))
    return f"{letter}{digits}{-completing % 10}"


def _nir(rng: random.Random) -> str:
    born = f"{rng.choice('12')}{rng.randrange(100):02d}{rng.randrange(1, 13):02d}"
    place = f"{rng.choice([n for n in range(1, 96) if n != 20]):02d}"
    body = f"{born}{place}{rng.randrange(1, 1000):03d}{rng.randrange(1, 1000):03d}"
    value = body + nir.calc_check_digits(body)
    if rng.random() < 0.5:
        return value
    cuts = (0, 1, 3, 5, 7, 10, 13, 15)
    return " ".join(value[a:b] for a, b in pairwise(cuts))


HEALTH = {
    "GB": ("NHS number", _nhs),
    "DE": ("KVNR", _kvnr),
    "FR": ("NIR", _nir),
}


def _word(rng: random.Random, size: int, alphabet: str) -> str:
    return "".join(rng.choice(alphabet) for _ in range(size))


ALNUM = string.ascii_letters + string.digits


def _jwt(rng: random.Random) -> str:
    def part(value: dict[str, str]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    head = part({"alg": "HS256", "typ": "JWT"})
    body = part({"sub": _word(rng, 12, ALNUM), "name": _word(rng, 8, ALNUM)})
    return f"{head}.{body}.{_word(rng, 43, ALNUM + '-_')}"


def _pem(rng: random.Random) -> str:
    lines = (_word(rng, 64, ALNUM + "+/") for _ in range(12))
    kind = rng.choice(("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY"))
    return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"))


SECRETS: dict[str, Callable[[random.Random], str]] = {
    "aws": lambda r: "AKIA" + _word(r, 16, string.ascii_uppercase + "234567"),
    "github": lambda r: "ghp_" + _word(r, 36, ALNUM),
    "gitlab": lambda r: "glpat-" + _word(r, 20, ALNUM),
    "slack": lambda r: f"xoxb-{_word(r, 12, string.digits)}-{_word(r, 24, ALNUM)}",
    "stripe": lambda r: "sk_live_" + _word(r, 24, ALNUM),
    "model service": lambda r: "sk-proj-" + _word(r, 48, ALNUM),
    "google": lambda r: "AIza" + _word(r, 35, ALNUM + "-_"),
    "npm": lambda r: "npm_" + _word(r, 36, ALNUM),
    "sendgrid": lambda r: f"SG.{_word(r, 22, ALNUM)}.{_word(r, 43, ALNUM)}",
    "twilio": lambda r: "SK" + _word(r, 32, string.digits + "abcdef"),
    "telegram": lambda r: f"{_word(r, 9, '123456789')}:AA{_word(r, 33, ALNUM)}",
    "jwt": _jwt,
    "pem": _pem,
    "url": lambda r: (
        f"postgres://app:{EDGE}{_word(r, 14, ALNUM)}{EDGE}@db.internal:5432/main"
    ),
    "password": lambda r: f"password={EDGE}{_word(r, 14, ALNUM)}{EDGE}",
    "api key": lambda r: f'api_key: "{EDGE}{_word(r, 32, ALNUM)}{EDGE}"',
}
