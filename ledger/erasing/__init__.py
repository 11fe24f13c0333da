"""A data subject's requests: access, erasure with its proof, return."""
