"""Write the verifier as one file: `python tests/tools/make_pyz.py verifier.pyz`.

The file runs with Python and `cryptography`. It is the same, byte for byte, wherever
it is made from the same sources: members are sorted, stored without compression (the
output of zlib differs between versions), with a fixed time and fixed rights.
"""

import argparse
import io
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHEBANG = b"#!/usr/bin/env python3\n"
MAIN = """\
import sys

if __name__ == "__main__":
    try:
        import cryptography
    except ImportError:
        sys.stderr.write("error: the verifier needs cryptography: pip install it\\n")
        sys.exit(2)
    from verifier.__main__ import main

    sys.exit(main())
"""
# The oldest time that a zip file can hold.
TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_0644 = 0o100644 << 16
UNIX = 3


def members() -> dict[str, bytes]:
    """Name and content of everything in the archive."""
    sources = sorted((ROOT / "verifier").rglob("*.py"))
    found = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in sources}
    found["__main__.py"] = MAIN.encode()
    found["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    return found


def archive() -> bytes:
    """The whole file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, content in sorted(members().items()):
            info = zipfile.ZipInfo(name, TIME)
            info.create_system = UNIX
            info.external_attr = REGULAR_0644
            file.writestr(info, content)
    return SHEBANG + buffer.getvalue()


def main() -> None:
    """Write the file and make it executable."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    out.write_bytes(archive())
    out.chmod(0o755)


if __name__ == "__main__":
    main()
