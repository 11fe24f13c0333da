"""Which lists a scan consulted, as its event tells."""

import pytest

from producers.optout.asking.lists import Lists
from producers.optout.lists.piracy import load_piracy_list
from producers.optout.lists.registry import SnapshotRegistry

URL = "http://site.test/page"


@pytest.fixture
def lists(tmp_path):
    """Lists by name, each of other sites than `site.test`."""

    def load(piracy=None, registries=()):
        paths = {name: tmp_path / name for name in "abcd"}
        for name, path in paths.items():
            path.write_text(f"{name}.test\n")
        return Lists(
            registries=tuple(SnapshotRegistry(paths[name]) for name in registries),
            piracy=load_piracy_list(paths[piracy]) if piracy else None,
        )

    return load


BOTH = {"piracy": "a", "registries": ("b", "c")}


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        pytest.param({}, {}, True, id="none"),
        pytest.param(BOTH, BOTH, True, id="the same"),
        pytest.param(
            BOTH, {"piracy": "a", "registries": ("c", "b")}, True, id="another order"
        ),
        pytest.param({}, {"piracy": "a"}, False, id="a piracy list now"),
        pytest.param({"piracy": "a"}, {}, False, id="no piracy list now"),
        pytest.param({"piracy": "a"}, {"piracy": "b"}, False, id="another one"),
        pytest.param({}, {"registries": ("b",)}, False, id="a registry now"),
        pytest.param({"registries": ("b",)}, {}, False, id="no registry now"),
        pytest.param(
            {"registries": ("b",)}, {"registries": ("c",)}, False, id="another registry"
        ),
        pytest.param(
            {"registries": ("b",)}, {"registries": ("b", "c")}, False, id="one more"
        ),
    ],
)
def test_lists_of_a_scan(site, make_world, lists, then, now, expected):
    """A scan is of today's lists where both name the same bytes."""
    site.routes["/page"] = (200, b"text")
    world = make_world(lists=lists(**then))
    world.scanner.scan(URL)

    assert expected == lists(**now).are_those_of(world.events[-1])
