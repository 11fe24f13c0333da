"""A producer's own stream: its key, its spool, its next submission."""
