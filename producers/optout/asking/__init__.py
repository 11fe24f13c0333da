"""One scan: what is asked of a site, in which order, and what is kept of it."""
