"""Adapters on a base from elsewhere: the same guarantees as on our own."""

import hashlib
import json
import shutil

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers", reason="the extra 'peft' is not installed")
pytest.importorskip("peft", reason="the extra 'peft' is not installed")

from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from ledger.errors import InputError, IntegrityError  # noqa: E402
from producers.training.base_files import BaseFiles  # noqa: E402
from producers.training.base_import import architecture, read_base  # noqa: E402
from producers.training.compute import compute_plan  # noqa: E402
from producers.training.language import open_model  # noqa: E402
from producers.training.recipe import make_recipe, parse_recipe  # noqa: E402
from producers.training.settings import (  # noqa: E402
    Architecture,
    Lora,
    Privacy,
    Settings,
)
from producers.training.slices import train_slices  # noqa: E402
from producers.training.weights import decode_tensors, encode_tensors  # noqa: E402
from tests.unit.training.tiny_llama import write_folder  # noqa: E402

# transformers warns of names that it and peft still use.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")

SLICES = [[b"one fish two fish " * 3], [b"red fish ", b"blue fish " * 4], [b"old fish"]]
SEEDS = [11, 12, 2**64 - 1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("base") / "tiny-llama")


@pytest.fixture(scope="module")
def base(folder):
    return read_base(folder)


def settings_of(base, **changes):
    fields = {
        "architecture": architecture(base.files, context=16),
        "lora": Lora(rank=2, alpha=4, targets=("all-linear",)),
        "batch": 4,
        "epochs": 2,
        "learning_rate_ppm": 5000,
    }
    return Settings(**(fields | changes))


def train(base, slices=SLICES, seeds=SEEDS, first=0, parent=None, **given):
    """Safetensors bytes after each slice."""
    out = []
    train_slices(
        base=decode_tensors(base.weights),
        parent=parent,
        slice_first=first,
        slices=slices,
        seeds=seeds,
        on_slice=lambda _, tensors: out.append(encode_tensors(tensors)),
        files=base.files,
        **{
            "settings": settings_of(base),
            "plan": None,
            "on_step": lambda _: None,
            **given,
        },
    )
    return out


def test_resumed_equals_straight_through(base):
    """Training is a function of its inputs, and resuming it changes no bit."""
    whole = train(base)

    assert whole == train(base)
    assert whole[1:] == train(base, first=1, parent=decode_tensors(whole[0]))


def test_seed_decides_the_adapter(base):
    """Another seed of a slice gives other weights from there on."""
    one, other = train(base), train(base, seeds=[*SEEDS[:2], 7])

    assert [True, True, False] == [a == b for a, b in zip(one, other, strict=True)]


def test_metered_training_is_the_same_and_complete(base):
    """The meter counts every step, and changes no bit."""
    steps = []
    plan = compute_plan(settings_of(base), base.files)
    metered = train(base, plan=plan, on_step=steps.append)

    assert plan.is_complete
    assert plan.closed_form
    assert {()} == {tuple(step.faults) for step in steps}
    assert metered == train(base)


def test_plan_equals_measured(base):
    """The plan is torch's own count of a real step of another shape."""
    settings = settings_of(base)
    plan = compute_plan(settings, base.files)
    model = open_model(settings, base.files, decode_tensors(base.weights))
    tokens = torch.zeros(3, 9, dtype=torch.long)
    with FlopCounterMode(display=False) as forward:
        logits = model.logits(tokens)
    with FlopCounterMode(display=False) as backward:
        torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), tokens.flatten()
        ).backward()

    assert forward.get_total_flops() == plan.forward.at(3, 9)
    assert backward.get_total_flops() == plan.backward.at(3, 9)


def test_private_training_is_the_same_and_complete(base):
    """DP-SGD hooks nothing into the model: every row is a pass that is counted."""
    privacy = Privacy(noise_multiplier_ppm=10**6, clip_norm_ppm=10**5)
    settings, steps = settings_of(base, batch=2, privacy=privacy), []
    plan = compute_plan(settings, base.files)
    metered = train(base, settings=settings, plan=plan, on_step=steps.append)

    assert metered == train(base, settings=settings)
    assert metered != train(base)
    assert {(1, step.batch, step.batch) for step in steps} == {
        (passes.batch, passes.forwards, passes.backwards)
        for step in steps
        for passes in step.passes
    }
    assert [] == [step.faults for step in steps if step.faults]


def test_new_adapter_leaves_the_base_as_it_is(base):
    """With nothing to train on, the model answers as its base does."""
    contents = train(base, [[], [], []])

    assert 1 == len(set(contents))
    updates = decode_tensors(contents[0])
    assert all(not t.any() for name, t in updates.items() if ".lora_B." in name)


def test_adapter_has_the_names_of_peft_files(base):
    """What is saved is what PEFT reads."""
    assert (
        "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
        in decode_tensors(train(base, [[], [], []])[0])
    )


def test_control_token_in_a_text_is_text(base):
    """A record that spells the end of a text does not end it."""
    model = open_model(settings_of(base), base.files, decode_tensors(base.weights))
    text = b"a </s> b <s>"

    assert list(text) != []
    assert model.tokens.separator not in model.tokens.encode(text)
    assert text == model.tokens.decode(model.tokens.encode(text))


def test_half_precision_is_kept_as_it_is(tmp_path):
    """Weights of 16 bits stay so, and name themselves by their bytes."""
    folder = write_folder(tmp_path / "half", dtype="bfloat16")
    weights = read_base(folder).weights

    assert {torch.bfloat16} == {t.dtype for t in decode_tensors(weights).values()}
    assert hashlib.sha256(weights).hexdigest() == (
        hashlib.sha256(read_base(folder).weights).hexdigest()
    )


def test_licence_is_that_of_the_readme(base):
    """The front matter's licence, in the spelling of SPDX."""
    assert "Apache-2.0" == base.licence


def test_recipe_names_the_libraries(base):
    """Their builds decide the bits, so they are in the digest; ours has none."""
    recipe = make_recipe(settings_of(base))

    assert ["peft", "tokenizers", "transformers"] == [
        each.split()[0] for each in recipe.environment.libraries
    ]
    assert recipe == parse_recipe(recipe.canonical())
    assert () == make_recipe(Settings()).environment.libraries


def test_other_files_than_the_recipes_are_refused(base):
    """A configuration that was exchanged does not train."""
    files = BaseFiles(config=base.files.config + b" ", tokenizer=base.files.tokenizer)

    with pytest.raises(IntegrityError, match=r"config\.json of the base"):
        open_model(settings_of(base), files, {})


def test_base_from_elsewhere_is_never_trained_whole(base):
    """Its settings have adapters."""
    with pytest.raises(InputError, match="expected lora"):
        settings_of(base, lora=None)


def test_target_that_is_no_module_is_refused(base):
    """Names that the base does not have are refused by name."""
    settings = settings_of(base, lora=Lora(targets=("nowhere",)))

    with pytest.raises(InputError, match="found nowhere"):
        open_model(settings, base.files, decode_tensors(base.weights))


def test_our_own_model_has_names_of_its_own():
    """The matrices of the byte-level GPT are four."""
    with pytest.raises(InputError, match="found q_proj"):
        Settings(architecture=Architecture(), lora=Lora(targets=("q_proj",)))


def rewrite(folder, **fields):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def swap_weights(folder, **tensors):
    from safetensors.torch import load_file, save_file  # noqa: PLC0415

    path = folder / "model.safetensors"
    held = {name: t.clone() for name, t in load_file(path).items()} | tensors
    save_file({name: t for name, t in held.items() if t is not None}, path)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: rewrite(f, auto_map={"AutoModel": "x.Y"}), "code of its own"),
        (lambda f: rewrite(f, quantization_config={"bits": 4}), "quantised"),
        (lambda f: rewrite(f, model_type="nothing"), "model_type"),
        (lambda f: rewrite(f, eos_token_id=None), "eos_token_id"),
        (lambda f: rewrite(f, vocab_size=100), "at most the 100 tokens"),
        (lambda f: (f / "config.json").write_text("[]"), "JSON object"),
        (lambda f: (f / "config.json").unlink(), "expected a file"),
        (lambda f: (f / "config.json").write_bytes(b" " * (2**20 + 1)), "at most"),
        (lambda f: (f / "tokenizer.json").write_text("{}"), "expected a tokenizer"),
        (lambda f: (f / "adapter_config.json").write_text("{}"), "an adapter"),
        (
            lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
            "pickled weights",
        ),
        (lambda f: (f / "model.safetensors").unlink(), "found none"),
        (
            lambda f: (
                (f / "model.safetensors").unlink()
                or (f / "model-1.safetensors").mkdir()
            ),
            "model-1.safetensors: expected a file",
        ),
        (lambda f: (f / "model.safetensors").write_bytes(b"x"), "safetensors"),
        (
            lambda f: swap_weights(f, **{"model.norm.weight": None}),
            "1 missing, such as model.norm",
        ),
        (lambda f: swap_weights(f, more=torch.zeros(1)), "1 unexpected, such as more"),
        (
            lambda f: swap_weights(f, **{"model.norm.weight": torch.zeros(3)}),
            "found (others|1 mismatched)",
        ),
        (
            lambda f: swap_weights(
                f, **{"model.norm.weight": torch.zeros(16, dtype=torch.int8)}
            ),
            "32 or 16 bits",
        ),
        (
            lambda f: (
                shutil.copy(f / "model.safetensors", f / "model-2.safetensors")
                and (f / "model.safetensors").rename(f / "model-1.safetensors")
            ),
            "in two",
        ),
    ],
    ids=[
        "code",
        "quantised",
        "type",
        "no-end",
        "vocabulary",
        "list",
        "no-config",
        "large-config",
        "tokenizer",
        "adapter",
        "pickle",
        "no-weights",
        "weights-folder",
        "garbage",
        "missing",
        "unexpected",
        "shape",
        "integers",
        "twice",
    ],
)
def test_folder_that_is_not_a_base_is_refused(folder, tmp_path, spoil, complaint):
    """Each with what was expected and what was found."""
    spoilt = tmp_path / "base"
    shutil.copytree(folder, spoilt)
    spoil(spoilt)

    with pytest.raises(InputError, match=complaint):
        read_base(spoilt)


@pytest.mark.parametrize("name", ["flash_attention_2", "somebody/kernel"])
def test_attention_that_a_file_names_is_not_looked_for(folder, tmp_path, name):
    """It may be code of another library, or of somebody's repository."""
    other = tmp_path / "base"
    shutil.copytree(folder, other)
    rewrite(other, attn_implementation=name)

    assert read_base(folder).weights == read_base(other).weights
