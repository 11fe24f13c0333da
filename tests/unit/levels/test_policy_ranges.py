"""Every integer of a trust policy at both ends of its range (docs/policy.md)."""

import pytest

from verifier import PolicyError, load_policy

CENTURY_S = 3_155_760_000
RANGES = {
    "threshold": ("root", 1, 16),
    "minimum": ("timestamps", 1, 16),
    "max_age_hours": ("timestamps", 1, CENTURY_S // 3600),
    "entries_max": ("anchors", 0, 2**53 - 1),
    "skew_max_s": ("clock", 0, CENTURY_S),
    "delay_max_s": ("clock", 0, CENTURY_S),
    "level": ("verdict", 0, 4),
}


def policy(office, name, value):
    """The office's policy with one integer in place of the usual one."""
    table = RANGES[name][0]
    office.ask_stamps()
    lines = [one for one in office.tables.get(table, []) if not one.startswith(name)]
    office.tables[table] = [*lines, f"{name} = {value}"]
    return load_policy(office.policy_file())


def read(loaded, name):
    """What was read, in the unit of the file."""
    stamps = loaded.timestamps
    return {
        "threshold": loaded.threshold,
        "minimum": stamps.minimum,
        "max_age_hours": (stamps.max_age_ms or 0) // 3_600_000,
        "entries_max": loaded.entries_max,
        "skew_max_s": loaded.skew_ms_max // 1000,
        "delay_max_s": (loaded.delay_ms_max or 0) // 1000,
        "level": loaded.level,
    }[name]


@pytest.mark.parametrize("name", RANGES)
def test_both_ends(office, name):
    """The least and the most are read."""
    _, least, most = RANGES[name]

    assert [least, most] == [
        read(policy(office, name, value), name) for value in (least, most)
    ]


@pytest.mark.parametrize("past", ["below", "above"])
@pytest.mark.parametrize("name", RANGES)
def test_past_an_end(office, name, past):
    """One below the least and one above the most are refused with the range."""
    _, least, most = RANGES[name]
    value = least - 1 if past == "below" else most + 1
    with pytest.raises(PolicyError, match=f"integer from {least} to {most}"):
        policy(office, name, value)


def test_a_delay_of_nothing_is_a_bound(office):
    """`delay_max_s = 0` allows no delay; without it any delay is allowed."""
    assert 0 == policy(office, "delay_max_s", 0).delay_ms_max
    del office.tables["clock"]
    assert load_policy(office.policy_file()).delay_ms_max is None
