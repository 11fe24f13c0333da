"""How the summary names the opt-out signals that a scan reads."""

from typing import Final

from ledger.events.optout import Channel

SIGNAL_NAMES: Final[dict[Channel, str]] = {
    "robots_txt": "robots.txt (RFC 9309)",
    "robots_basket": "robots.txt rules for known training crawlers",
    "robots_content_usage": "Content-Usage (IETF AIPREF drafts)",
    "content_usage": "Content-Usage (IETF AIPREF drafts)",
    "robots_content_signal": "Content-Signal",
    "content_signal": "Content-Signal",
    "ai_txt": "ai.txt",
    "ai_txt_well_known": "ai.txt",
    "tdmrep_file": "TDMRep file (/.well-known/tdmrep.json)",
    "tdm_header": "TDM-Reservation header",
    "tdm_meta": "tdm-reservation meta element",
    "tdm_embedded": "TDMRep in EPUB and PDF metadata",
    "x_robots_tag": "X-Robots-Tag header",
    "meta_robots": "robots meta element",
    "rsl_file": "RSL 1.0 licence documents",
    "rsl_page": "RSL 1.0 licence documents",
    "trust_txt": "trust.txt",
    "trust_txt_well_known": "trust.txt",
    "plus_data_mining": "PLUS/IPTC data mining property",
    "cawg_training_mining": "C2PA/CAWG training and data mining assertion",
    "terms_page": "terms of use (read by a person)",
    "registry": "snapshots of registries",
}
"""In the order of the summary. How a page could be reached and lists of sites are no
signals of a rights holder and are left out."""
