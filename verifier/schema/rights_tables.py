"""The field tables of what rights holders said: policies, scans, reviews, licences."""

from verifier.schema.patterns import (
    COUNT,
    ID,
    ID_OR_EMPTY,
    LABEL,
    LABEL_OR_EMPTY,
    LICENCE,
    SHA256,
    SHA256_OR_EMPTY,
    TOKEN,
    Kind,
    integer,
    list_of,
    one_of,
    or_empty,
    record,
)

JURISDICTIONS = list_of(one_of("eu uk"), 1, 2)
OUTCOME = one_of("absent not_recorded parsed unknown unreadable")
VERDICT = one_of("allowed reserved unknown")
USAGE = one_of("ai_input search tdm train")


def _channels(outcome: Kind, verdict: Kind, preference: Kind) -> Kind:
    stated = record(usage=USAGE, preference=preference)
    channel = record(
        channel=one_of(
            "access ai_txt ai_txt_well_known cawg_training_mining content_signal "
            "content_usage meta_robots piracy_list plus_data_mining registry "
            "robots_basket robots_content_signal robots_content_usage robots_txt "
            "rsl_file rsl_page tdm_embedded tdm_header tdm_meta tdmrep_file "
            "terms_page trust_txt trust_txt_well_known x_robots_tag"
        ),
        target=one_of("final_url url"),
        layer=or_empty(one_of("basket own star")),
        outcome=outcome,
        verdict=verdict,
        stated=list_of(stated, 0, 4),
        evidence_sha256=SHA256_OR_EMPTY,
        line=COUNT,
    )
    return list_of(channel, 1, 48)


CLEAN_CHANNELS = _channels(one_of("absent parsed"), one_of("allowed"), one_of("allow"))
"""Channels that were all read, and of which none states or is anything but a yes."""

POLICY: dict[str, dict[str, Kind]] = {
    "policy.adopted.v1": {
        "policy_sha256": SHA256,
        "jurisdictions": JURISDICTIONS,
        "purpose": one_of("commercial research"),
        "basket_version": LABEL,
        "basket_relaxed": list_of(TOKEN, 0, 256),
    },
}

OPTOUT: dict[str, dict[str, Kind]] = {
    "optout.site_registered.v1": {"site_id": ID, "commitment": SHA256},
    "optout.policy_file_fetched.v1": {
        "site_id": ID,
        "channel": one_of(
            "ai_txt ai_txt_well_known robots_txt rsl_file tdmrep_file terms_page "
            "trust_txt trust_txt_well_known"
        ),
        "outcome": OUTCOME,
        "http_status": integer(0, 999),
        "body_sha256": SHA256_OR_EMPTY,
        "body_bytes": COUNT,
        "redirects": integer(0, 99),
        "fetched_at_ms": COUNT,
    },
    "optout.url_scanned.v1": {
        "scan_id": ID,
        "site_id": ID,
        "url_commitment": SHA256,
        "response_commitment": SHA256_OR_EMPTY,
        "policy_sha256": SHA256,
        "scanner": LABEL,
        "http_status": integer(0, 999),
        "access": one_of("licensed login open paywall unknown"),
        "piracy_list_sha256": SHA256_OR_EMPTY,
        "channels": _channels(OUTCOME, VERDICT, one_of("allow disallow")),
        "robots_rfc9309": one_of("allow disallow"),
        "spec_verdict": VERDICT,
        "verdict": VERDICT,
        "usages": list_of(record(usage=USAGE, verdict=VERDICT), 0, 4),
        "reasons": list_of(
            one_of(
                "ai_txt_disallow basket content_signal content_usage "
                "embedded_reserved licence_required linked_rights "
                "malformed_signal noai not_open page_unreadable piracy_site "
                "registry_listed robots_disallow rsl_prohibits tdm_reserved "
                "terms_of_use trust_txt_no unknown_dialect unknown_preference "
                "unreadable"
            ),
            0,
            24,
        ),
        "scanned_at_ms": COUNT,
    },
    "optout.records_quarantined.v1": {
        "scan_id": ID_OR_EMPTY,
        "earlier_scan_id": ID_OR_EMPTY,
        "licence_id": ID_OR_EMPTY,
        "record_ids": list_of(ID, 1, 256),
    },
}

REVIEWS: dict[str, dict[str, Kind]] = {
    "review.decided.v1": {
        "review_id": ID,
        "scan_id": ID,
        "outcome": one_of("cleared upheld"),
        "note_commitment": SHA256_OR_EMPTY,
        "expires_at_ms": COUNT,
        "decided_at_ms": COUNT,
    },
}

LICENCES: dict[str, dict[str, Kind]] = {
    "licence.granted.v1": {
        "licence_id": ID,
        "covers": one_of("content model"),
        "expression": LICENCE,
        "text_sha256": SHA256_OR_EMPTY,
        "proof_sha256": SHA256_OR_EMPTY,
        "permits": list_of(one_of("commercial derive output train"), 1, 4),
        "conditions": list_of(
            one_of("naming non_commercial share_alike use_restrictions user_threshold"),
            0,
            5,
        ),
        "users_max": COUNT,
        "jurisdictions": JURISDICTIONS,
        "sites": list_of(ID, 0, 256),
        "overrides": list_of(ID, 0, 256),
        "model": LABEL_OR_EMPTY,
        "starts_at_ms": COUNT,
        "expires_at_ms": COUNT,
    },
    "licence.revoked.v1": {
        "licence_id": ID,
        "reason": one_of("breach ended mistake rights_holder"),
        "revoked_at_ms": COUNT,
    },
}
