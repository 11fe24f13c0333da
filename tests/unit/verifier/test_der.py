"""Lengths in DER (X.690, section 8.1.3)."""

import pytest

from verifier.format.der import DerError, whole_length

NULL = b"\x05\x00"


def test_element_without_content():
    """It ends with its two bytes, also where nothing follows."""
    assert 2 == whole_length(NULL)


@pytest.mark.parametrize("data", [b"", NULL[:1]], ids=["nothing", "a tag"])
def test_element_without_a_length(data):
    """Less than two bytes are no element."""
    with pytest.raises(DerError, match="cut off"):
        whole_length(data)
