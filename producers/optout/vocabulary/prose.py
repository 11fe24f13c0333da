"""Words by which prose speaks of text and data mining, and by which terms are named.

Text is folded before it is matched: no case, no accents, no hyphens, one blank between
words. Wide on purpose, in many languages: what matches is read by a person, what does
not is taken for silence. Nothing here decides.
"""

import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_GAP = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """Text without case, accents, punctuation and invisible characters."""
    plain = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text).casefold())
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return _GAP.sub(" ", unicodedata.normalize("NFC", bare)).strip()


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_MINING = _any_of(
    r"data ?min(?:ing|e\b|er|ar|ad)|text ?mining|tekst ?mining|\btdm\b",
    r"text und data|text or data mining|content mining|\bwebmining",
    r"\bfouille|moissonn|exploration de (?:textes|donnees)|\baspiration d",
    r"mineria|mineracao|prospecao de|prospeccao de|estrazione (?:di|automat|sistemat)",
    r"eksploracj|textutvinning|datautvinning|louhin|adatbanyasz|vytezovan",
    r"\b2019 790\b|\b44 ?b\b|\b60 ?d\b|\b122 5 3\b|\b70 (?:ter|quater)\b|\b42 ?h\b",
)
_LEARNING = _any_of(
    r"machine ?learning|deep ?learning|maschinell\w{0,4} lern|maschinenlern",
    r"apprentissage (?:automat|machine|profond|statist|d|par)",
    r"aprendizaje|aprendizagem|aprendizado|apprendimento (?:automat|profond)",
    r"(?:machinaal|automatisch|diep) leren|uczeni\w{1,3} maszynow|maskininlarning",
    r"artificial ?intelligence|kunstliche\w{0,2} intelligen|kunstig intelligen",
    r"intelligence\w? artificiel|inteligencia\w? artificia|intelligenz[ae] artificia",
    r"kunstmatige intelligen|sztuczn\w{1,4} inteligencj|artificiell intelligen",
    r"(?:language|foundation|generative|neural|diffusion) (?:model|network|ai\b)",
    r"generative (?:ki|ai|artificial)|\bgenai\b|generativ\w{1,3} (?:ki|ai)\b",
    r"ia generative|ia generativa|chatgpt|chatbot|\bllms?\b|\bgpt\b|sprachmodell",
    r"modeles? de langage|modelos? de lengua|modell[io] linguistic|taalmodel",
    r"\b(?:ki|ai|ia) (?:train|model|system|tool|based|generat|crawl|bot|purpose)",
    r"\b(?:ki|ai|ia) (?:anwend|entren|addestr|entrain|develop|compan|techn|appli)",
)
_TRAINING = _any_of(
    r"\btrain\w{0,9} (?:\w{1,30} ){0,6}(?:model|algorithm|system|network|ki\b|ai\b)",
    r"(?:modell?e?n?s?|algorithm\w{0,4}|ki|ai) (?:\w{1,30} ){0,4}(?:train|anlern)",
    r"\bentrain\w{0,9} (?:\w{1,30} ){0,6}(?:modele|algorithme|systeme|ia\b)",
    r"entrenamiento|entrenar\b|addestra|trainier|trainingsda|training (?:data|set)",
    r"training corp|\btreina|\btrenowa|fine ?tun|ai training|ki training",
)
_SCRAPING = _any_of(
    r"scrap(?:e|er|ers|ing|ed|en|ear|eo|age)\b|\bschrap|screenscrap|webscrap",
    r"crawl|\bspiders?\b|spidering|harvest|\brobots?\b|\bbots?\b|\braspad|raspagem",
    r"automat\w{1,7} (?:means|tool|system|quer|access|softw|techn|data|extract)",
    r"extract\w{0,4} (?:\w{1,30} ){0,4}(?:data|content)\b|data extraction",
    r"(?:collect|gather)\w{0,4} (?:\w{1,30} ){0,4}content\b|systematic\w{0,4} retr",
    r"systematic\w{0,4} (?:collect|copy|down|extract|stor)|bulk (?:download|copy)",
    r"automatisiert|auslesen|auszulesen|systematische\w? (?:abruf|kopier|speich|ausw)",
    r"automatis(?:e|ee|es|ees)\b|(?:moyen|procede|outil)s? automat",
    r"extraction (?:auto|sys)",
    r"automatizad|automatizzat|(?:medios|mezzi|strumenti|meios) (?:\w{1,30} )?automat",
    r"geautomatiseerd|rastreo|rastreador|\baranas?\b|extraccion|zautomatyzowan",
)
_ACRONYMS = re.compile(r"(?<![\w.])(?:A\.?I|K\.?I|I\.?A|ML|TDM|LLM|GPT)s?(?![\w])")
"""In capitals only: `ai` is a word of French and of Italian."""


def _literals(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(fold(word)) for word in words))


_OTHER_SCRIPTS = _literals(
    "机器学习",
    "機器學習",
    "機械学習",
    "人工智能",
    "人工智慧",
    "人工知能",
    "数据挖掘",
    "資料探勘",
    "データマイニング",
    "文本挖掘",
    "爬虫",
    "爬蟲",
    "抓取",
    "スクレイピング",
    "クローラ",
    "クローリング",
    "머신러닝",
    "기계학습",
    "인공지능",
    "데이터 마이닝",
    "크롤링",
    "스크래핑",
    "машинное обучение",
    "машинного обучения",
    "искусственного интеллекта",
    "искусственный интеллект",
    "извлечение данных",
    "штучного інтелекту",
    "извличане",
    "تعلم الآلة",
    "الذكاء الاصطناعي",
    "למידת מכונה",
    "בינה מלאכותית",
    "μηχανική μάθηση",
    "τεχνητή νοημοσύνη",
    "εξόρυξη",
)
_ALL = (_MINING, _LEARNING, _TRAINING, _SCRAPING, _OTHER_SCRIPTS)

_TERMS = re.compile(
    r"\bterms\b|\btos\b|\btou\b|\beula\b|conditions|terms ?of|user ?agreement"
    r"|usage (?:policy|rules)|acceptable use|nutzungsb|nutzungsrecht|\bagb\b"
    r"|geschaftsbed|nutzungsvorbehalt|teilnahmebed|\bcgu\b|\bcgv\b|\bcgus\b"
    r"|terminos|condiciones|termini|condizioni|termos|condicoes|voorwaarden"
    r"|regulamin|warunki|villkor|vilkar|kayttoehdot|podminky|felhasznalasi"
    r"|\b(?:ai|ki|ia|tdm) (?:policy|opt|rights|richtlinie)|data ?mining|opt ?out"
    r"|" + _literals("利用規約", "使用条款", "服务条款", "이용약관", "условия").pattern
)
_LEGAL = re.compile(
    r"\blegal|copyright|impressum|rechtlich|urheberrecht|mentions|droits"
    r"|aviso|note legali|diritti|derechos|disclaimer|colofon|auteursrecht"
    r"|imprint|licen[cs]|permissions|reuse|rights"
)


def speaks_of_mining(text: str) -> bool:
    """Whether a sentence speaks of mining, machine learning, training or scraping."""
    if _ACRONYMS.search(text):
        return True
    folded = fold(text)
    return any(pattern.search(folded) for pattern in _ALL)


def terms_rank(text: str, path: str) -> int | None:
    """How plainly a link leads to terms of use: 0 plainly, 1 perhaps, else none.

    Args:
        text: the link's text.
        path: the path of its URL.
    """
    folded = f"{fold(text)} | {fold(path)}"
    if _TERMS.search(folded):
        return 0
    return 1 if _LEGAL.search(folded) else None
