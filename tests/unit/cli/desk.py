"""A shell whose scans reach a loopback server that plays every site."""

from tests.unit.cli.shell import write
from tests.unit.workspace.office import jsonl


class Desk:
    """A shell in a workspace for the EU whose scans reach the loopback server."""

    def __init__(self, shell, site, folder):
        self.shell, self.site, self.folder = shell, site, folder

    def w(self, *arguments):
        return self.shell.w(*arguments, obj=self.site)

    def ingest(self, *records):
        """Ingest records; what the command did."""
        file = write(self.folder / "in.jsonl", jsonl(records))
        return self.w("ingest", file, "--jurisdiction", "eu")
