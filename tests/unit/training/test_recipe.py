"""The recipe: one spelling, one digest, and every choice in it."""

import msgspec
import pytest

pytest.importorskip("torch")

from ledger.errors import InputError
from producers.training import recipe as recipe_module
from producers.training.recipe import (
    DEMO_ADAPTER,
    DEMO_BASE,
    Architecture,
    Lora,
    Privacy,
    Recipe,
    Settings,
    capture_environment,
    make_recipe,
    parse_recipe,
    same_environment,
)

RECIPE = make_recipe(Settings())
PRIVACY = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**6)


@pytest.mark.parametrize("settings", [DEMO_BASE, DEMO_ADAPTER], ids=["base", "adapter"])
def test_canonical_form_reads_back(settings):
    """A recipe survives its canonical form."""
    recipe = make_recipe(settings)

    assert recipe == parse_recipe(recipe.canonical())


@pytest.mark.parametrize(
    "change",
    [
        {"batch": 9},
        {"epochs": 5},
        {"steps_max": 7},
        {"learning_rate_ppm": 1},
        {"lora": None},
        {"lora": Lora(alpha=1)},
        {"architecture": Architecture(layers=4)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_setting_is_in_the_digest(change):
    """Another setting is another recipe."""
    settings = msgspec.structs.replace(RECIPE.settings, **change)

    assert RECIPE.sha256 != make_recipe(settings).sha256


def test_without_privacy_a_recipe_has_no_word_of_it():
    """Recipes of before privacy was a choice are read, and keep their spelling."""
    assert b"privacy" not in RECIPE.canonical()


def test_privacy_is_in_the_digest():
    """Other noise is another recipe, which reads back as it was."""
    recipes = [
        Recipe(
            settings=Settings(
                privacy=Privacy(noise_multiplier_ppm=noise, clip_norm_ppm=10**6)
            ),
            environment=RECIPE.environment,
        )
        for noise in (10**6, 2 * 10**6)
    ]

    assert recipes == [parse_recipe(recipe.canonical()) for recipe in recipes]
    assert 2 == len({recipe.sha256 for recipe in recipes})


def test_privacy_names_its_library(monkeypatch):
    """The build of the accountant is part of the environment."""
    monkeypatch.setattr(recipe_module, "version", lambda name: "9.8")
    settings = Settings(privacy=PRIVACY)

    assert ("opacus 9.8",) == capture_environment(settings).libraries


def test_privacy_without_its_library_is_refused(monkeypatch):
    """One line says which extra brings it."""
    monkeypatch.setattr(recipe_module, "_PRIVACY_LIBRARIES", ("no-such-library",))

    with pytest.raises(InputError, match="needs the extra 'dp': no-such-library"):
        make_recipe(Settings(privacy=PRIVACY))


@pytest.mark.parametrize(
    "field", ["code_sha256", "torch_version", "cpu_capability", "cpu_model"]
)
def test_elsewhere_is_not_here(field):
    """A recipe captured in another environment cannot be re-executed here."""
    there = msgspec.structs.replace(RECIPE.environment, **{field: "other"})

    assert not same_environment(Recipe(settings=RECIPE.settings, environment=there))


def test_here_is_here():
    """A recipe captured here can be re-executed here."""
    assert same_environment(RECIPE)


def test_kernel_variables_are_captured(monkeypatch):
    """An environment variable that chooses kernels makes another environment."""
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")

    assert ("MKL_CBWR=COMPATIBLE",) == capture_environment().variables


@pytest.mark.parametrize(
    "settings",
    [
        Settings(batch=0),
        Settings(epochs=1001),
        Settings(learning_rate_ppm=0),
        Settings(lora=Lora(rank=0)),
        Settings(lora=Lora(targets=())),
        Settings(architecture=Architecture(layers=0)),
    ],
    ids=["batch", "epochs", "rate", "rank", "targets", "layers"],
)
def test_setting_out_of_range_is_refused(settings):
    """Constructors check no range, so making the recipe does."""
    with pytest.raises(InputError, match="recipe cannot be read"):
        make_recipe(settings)


@pytest.mark.parametrize(
    "change",
    [
        {"noise_multiplier_ppm": 9999},
        {"clip_norm_ppm": 0},
        {"delta_ppt": 0},
        {"delta_ppt": 10**12},
    ],
    ids=["noise", "norm", "no delta", "delta of 1"],
)
def test_privacy_out_of_range_is_refused(change):
    """Too little noise is no privacy, and a delta of 1 allows everything."""
    settings = Settings(privacy=msgspec.structs.replace(PRIVACY, **change))

    with pytest.raises(InputError, match="recipe cannot be read"):
        Recipe(settings=settings, environment=RECIPE.environment).canonical()


def test_heads_must_divide_the_width():
    """A width that the heads do not share evenly is refused."""
    with pytest.raises(InputError, match="width"):
        Architecture(width=10, heads=4)


def test_target_named_twice_is_refused():
    """A matrix has one adapter."""
    with pytest.raises(InputError, match="repetition"):
        Lora(targets=("up", "up"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", RECIPE.canonical() + b" ", b"\xff"],
    ids=["empty", "no-field", "list", "space", "not-utf8"],
)
def test_other_spelling_is_refused(content):
    """Only the one spelling is a recipe."""
    with pytest.raises(InputError, match="recipe"):
        parse_recipe(content)
