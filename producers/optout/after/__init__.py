"""After a scan: replay, what a site said on a date, export as WARC."""
