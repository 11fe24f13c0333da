"""What lies inside a file: XMP, IPTC, C2PA, EPUB and PDF metadata."""
