"""Policies of other projects' tests."""

import pytest

from verifier.format.tlog_policy import parse_policy


@pytest.mark.cases("tlog-policy.json", "valid")
def test_valid_policy(case):
    """A valid policy is read, and all its witnesses together meet the quorum."""
    policy = parse_policy(case["policy"].encode())
    everybody = {witness.key.public_key for witness in policy.witnesses}

    assert case["members"] == len(policy.witnesses)
    assert policy.is_met(everybody)


@pytest.mark.cases("tlog-policy.json", "valid")
def test_threshold(case):
    """One witness less than the case's threshold does not meet the quorum."""
    policy = parse_policy(case["policy"].encode())
    keys = [witness.key.public_key for witness in policy.witnesses]

    assert not policy.is_met(set(keys[: case["n"] - 1]))
