"""Several statements of one source as one."""

from hypothesis import given
from hypothesis import strategies as st

from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import SILENCE, Statement

STATEMENTS = st.builds(
    Statement,
    reservation=st.sampled_from(["reserved", "not_reserved", "unset"]),
    stated=st.lists(
        st.tuples(
            st.sampled_from(["tdm", "train"]), st.sampled_from(["allow", "disallow"])
        ),
        max_size=2,
        unique_by=lambda pair: pair[0],
    ).map(tuple),
    line=st.integers(0, 9),
    is_malformed=st.booleans(),
    review=st.sampled_from(["", "linked_rights"]),
)


def test_nothing_is_silence():
    """No statement at all says nothing."""
    assert SILENCE == merged([])


def test_line_of_the_reservation():
    """The line is that of the statement that decides."""
    free = Statement(reservation="not_reserved", line=1)
    no = Statement(reservation="reserved", line=2)
    broken = Statement(reservation="unset", line=3, is_malformed=True)

    assert 2 == merged([free, no, broken]).line
    assert 3 == merged([free, broken]).line


@given(st.lists(STATEMENTS, min_size=1))
def test_as_strict_as_each(statements):
    """A reservation, a doubt or a disallow of any statement is in the whole."""
    whole = merged(statements)

    assert (whole.reservation == "reserved") == any(
        one.reservation == "reserved" for one in statements
    )
    assert whole.is_malformed == any(one.is_malformed for one in statements)
    assert bool(whole.review) == any(one.review for one in statements)
    for one in statements:
        for usage, preference in one.stated:
            assert dict(whole.stated)[usage] in {preference, "disallow"}


@given(st.lists(STATEMENTS, min_size=1))
def test_a_doubt_is_no_permission(statements):
    """Beside something that is not understood, nothing is allowed."""
    whole = merged(statements)

    assert whole.reservation != "not_reserved" or not (
        whole.is_malformed or whole.review
    )
