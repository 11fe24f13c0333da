"""Verify that nothing of the erased is left, and certify it; or say why not."""

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.events.erasure import ErasureCertified, ErasureVerified, Exactness
from ledger.ports import Fence, Residue
from ledger.projections.erasures import Erasure, outstanding
from ledger.vault.identifiers import normalise_identifier
from producers.erasing.certificate import Facts, make_certificate
from producers.erasing.ports import Book, Certificates, Leftovers
from producers.ports import Progress

_SHOWN_MAX: Final = 5
"""Files that are named on one line."""


class Closing:
    """The last steps of an erasure."""

    def __init__(
        self,
        book: Book,
        leftovers: Leftovers,
        certificates: Certificates,
        *,
        progress: Progress,
    ) -> None:
        """`progress` is told why an erasure is not certified."""
        self._book = book
        self._leftovers = leftovers
        self._certificates = certificates
        self._progress = progress

    def look(
        self, fence: Fence, names: Sequence[str], typed: Iterable[str]
    ) -> Residue | None:
        """Search for the identifiers; where they are forgotten, the last result.

        Args:
            fence: around whom.
            names: identifiers that were known before the keys were destroyed.
            typed: what somebody typed since.

        Returns:
            None where nobody ever looked: a kill came first, or the vault is a copy
            from before.
        """
        known = list(names) or self._leftovers.names(fence, typed)
        people = {normalise_identifier(name) for name in known}
        if names or len(people) >= len(fence.subject_ids):
            found = self._leftovers.look(known, is_destroyed=True)
            self._leftovers.keep(fence.erasure_id, found)
        else:
            kept = self._leftovers.kept(fence.erasure_id)
            if kept is None:
                self._progress(
                    "not verified: nobody has searched for the identifiers, and the "
                    "vault does not know them any more; run erase with them"
                )
                return None
            found = kept
        self._say(found)
        return found

    def _say(self, found: Residue) -> None:
        """Name the files in which an identifier was found, on one line."""
        count = len(found.files)
        known = [name for name in found.files if name != "?"]
        if known:
            more = count - len(known[:_SHOWN_MAX])
            where = ", ".join(known[:_SHOWN_MAX]) + (
                f" and {more} more" if more else ""
            )
            self._progress(
                f"an identifier stands in {count} files: {where}; deal with them, then "
                "run erase with the identifier"
            )
        elif count:
            self._progress(
                f"an identifier stood in {count} files when they were last searched; "
                "run erase with the identifier to search again"
            )

    def verify(
        self, fence: Fence, erasure: Erasure, found: Residue, exactness: Exactness
    ) -> None:
        """Append what was checked."""
        verified = ErasureVerified(
            erasure_id=fence.erasure_id,
            exactness=exactness,
            records_readable=self._leftovers.readable(erasure),
            blobs_left=self._leftovers.files_left(erasure),
            residue=len(found.files),
        )
        self._book.append([verified])

    def certify(self, fence: Fence, erasure: Erasure) -> None:
        """Issue the certificate, unless something is owed: then say what."""
        owed = [step for step in outstanding(erasure) if step != "certify"]
        if owed:
            self._progress(f"not certified: {'; '.join(owed)}")
            for one in erasure.measures:
                self._progress(f"{one.measure} is an interim measure, not erasure")
            return
        certificate = make_certificate(
            Facts(
                erasure_id=fence.erasure_id,
                erasure=erasure,
                people=len(fence.subject_ids),
                anchor=self._certificates.anchor(),
                receipts=self._certificates.receipts(erasure),
                recipients=len(self._certificates.recipients(erasure)),
                residue=self._leftovers.kept(fence.erasure_id),
            )
        )
        self._certificates.keep(fence.erasure_id, certificate.content, certificate.page)
        certified = ErasureCertified(
            erasure_id=fence.erasure_id, certificate_sha256=certificate.sha256
        )
        self._book.append([certified])
