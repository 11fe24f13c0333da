"""Erasures from the fence to the certificate, in tiny workspaces."""
from tests.unit.workspace.office import *
def test_smoke(trained):
    print({n: trained.shard_of(n) for n in ("jane","bob","carol","dan","eve","frank")})
    print({k:(v.live, v.slices) for k,v in trained.shards().items()})
    trained.check()
    e = trained.erase("jane")
    assert e.certificate
    trained.check()
