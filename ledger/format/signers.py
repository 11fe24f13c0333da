"""Who can sign: a key in memory, a key file, or whatever holds a key for us.

A key management service or a hardware module needs two things here: its public key
with a name, and a function that signs bytes.
"""

from typing import Protocol

from ledger.format.note import VerifierKey, signature_line


class Signer(Protocol):
    """The private half of a key, wherever it is.

    An implementation names this class as its base to get the two note methods.
    """

    @property
    def verifier(self) -> VerifierKey:
        """The public half, with the key's name."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`.

        Raises:
            KeyTrustError: what holds the key refused, or cannot be reached.
        """
        ...

    def note_line(self, text: bytes) -> bytes:
        """This key's signature line over `text` (C2SP signed-note)."""
        return signature_line(self.verifier, self.sign(text)).encode()

    def sign_note(self, text: bytes) -> bytes:
        """The signed note over `text`, with this key's one signature line."""
        return text + b"\n" + self.note_line(text)
