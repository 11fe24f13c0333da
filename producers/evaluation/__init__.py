"""What trained weights say of texts: held-out loss, and probes of memorisation.

An evaluation comes after the run whose weights it is about, so none of its passes is
training compute and no run's record counts them.
"""
