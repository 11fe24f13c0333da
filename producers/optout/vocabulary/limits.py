"""How much of a site's files is read."""

from typing import Final

POLICY_BYTES_MAX: Final = 500 * 1024
"""Bytes of one policy file, licence or terms document that are read.

Source: RFC 9309, section 2.5, which has crawlers parse at least 500 KiB of a
robots.txt; the other files' specifications set no limit of their own.
"""
