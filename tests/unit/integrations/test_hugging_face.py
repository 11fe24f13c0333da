"""The Trainer that most people use, with a meter in it: to the integer, and no harm."""

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("accelerate")

from producers.flops.of_model import closed_form_of  # noqa: E402
from producers.metering.integrations.budget import Budget, BudgetGuard  # noqa: E402
from producers.metering.integrations.hugging_face import MeterCallback  # noqa: E402
from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from tests.unit.integrations.hub import Live, make_model, padded, rows  # noqa: E402
from tests.unit.metering.live import LiveCounter  # noqa: E402

# The libraries warn of what they will change in each other.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"
)


def trainer(folder, model, callback, **options):
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        per_device_train_batch_size=2,
        per_device_eval_batch_size=2,
        max_steps=options.pop("max_steps", 4),
        report_to=[],
        save_strategy=options.pop("save_strategy", "no"),
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        seed=7,
        **options,
    )
    return transformers.Trainer(
        model=model,
        args=arguments,
        data_collator=padded,
        train_dataset=rows(),
        eval_dataset=rows()[:4],
        callbacks=[] if callback is None else [callback],
    )


def adapted(model):
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(
        r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"
    )
    return peft.get_peft_model(model, config)


@pytest.mark.parametrize("adapters", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_accumulation_steps": 2, "max_steps": 2},
        {"gradient_checkpointing": True},
        {"eval_strategy": "steps", "eval_steps": 2},
    ],
    ids=["plain", "accumulation", "checkpointing", "evaluation"],
)
def test_count_is_exact(tmp_path, options, adapters):
    """Ragged batches, accumulation, checkpointing, evaluation: as many FLOP as ran."""
    model = adapted(make_model()) if adapters else make_model()
    callback = MeterCallback(MeteredLoop(), closed_form=closed_form_of)
    run = trainer(tmp_path, model, callback, **options)
    live = Live()
    run.add_callback(live)
    run.train()
    account = callback.account
    flop = account.flop

    assert account.is_complete
    assert callback.loop.meter.plans[0].closed_form
    assert options.get("max_steps", 4) == account.steps
    assert live.counter.forward == flop["forward"]
    assert live.counter.backward == flop["backward"] + flop["recompute"]
    assert ("eval_steps" in options) == (flop["evaluation"] > 0)
    assert 0 == flop["reference"]


def test_training_that_begins_again(tmp_path):
    """A second beginning, as with a smaller batch, does not count passes twice."""
    model = make_model()
    callback = MeterCallback()
    callback.on_train_begin(None, None, None, model=model)
    callback.on_step_begin(None, None, None)
    run = trainer(tmp_path, model, callback)
    live = Live()
    run.add_callback(live)
    run.train()

    assert {"step_abandoned": 1} == callback.account.faults
    assert live.counter.forward == callback.account.flop["forward"]


def test_second_training(tmp_path):
    """A trainer that is used again is counted again, in the same account."""
    callback = MeterCallback()
    run = trainer(tmp_path, make_model(), callback, max_steps=1)
    run.train()
    first = callback.account
    run.train()

    assert (1, 2) == (first.steps, callback.account.steps)
    assert callback.account.is_complete


def test_weights_are_the_same_with_and_without(tmp_path):
    """The meter changes nothing that is trained, to the last bit."""
    plain, metered = make_model(), make_model()
    trainer(tmp_path, plain, None).train()
    trainer(tmp_path, metered, MeterCallback()).train()

    assert all(
        torch.equal(a, b)
        for a, b in zip(plain.parameters(), metered.parameters(), strict=True)
    )


def test_saved_steps_are_recorded(tmp_path):
    """A checkpoint's steps are recorded when it is there."""
    batches = []
    callback = MeterCallback(MeteredLoop(sink=batches.append))
    trainer(
        tmp_path,
        make_model(),
        callback,
        save_strategy="steps",
        save_steps=3,
        save_only_model=True,
    ).train()

    assert [(0, 3), (3, 1)] == [(batch.step_first, batch.steps) for batch in batches]


def test_budget_stops_the_trainer(tmp_path):
    """A budget uses the trainer's own flag, and the training ends as usual."""
    guard = BudgetGuard(Budget(limit=1, stop=True), on_alarm=[].append)
    callback = MeterCallback(MeteredLoop(every=2, guard=guard))
    result = trainer(tmp_path, make_model(), callback).train()

    assert (2, 2) == (result.global_step, callback.account.steps)


def test_recorder_that_fails_does_not_stop_training(tmp_path):
    """A full disk is in the account, and the training ends as usual."""

    def fail(batch):
        raise OSError("no space left")

    callback = MeterCallback(MeteredLoop(sink=fail, every=1))
    result = trainer(tmp_path, make_model(), callback).train()

    assert 4 == result.global_step
    assert {"record_failed": 4} == callback.account.faults


def test_model_that_cannot_be_traced(tmp_path):
    """Without a plan the training goes on, and the account says that it has none."""

    class Odd(transformers.LlamaForCausalLM):
        def forward(self, input_ids=None, attention_mask=None, labels=None):
            if input_ids.sum().item() < 0:
                raise ValueError
            return super().forward(
                input_ids=input_ids, attention_mask=attention_mask, labels=labels
            )

    callback = MeterCallback()
    result = trainer(tmp_path, Odd(make_model().config), callback).train()

    assert 4 == result.global_step
    assert ["trace_failed"] == list(callback.account.faults)


def test_twin_is_traced_in_its_place(tmp_path):
    """A twin without memory gives the plan, where the model could not."""
    with torch.device("meta"):
        twin = make_model()
    callbacks = MeterCallback(twin=twin), MeterCallback()
    for callback in callbacks:
        trainer(tmp_path, make_model(), callback).train()

    assert callbacks[0].account == callbacks[1].account


def test_reference_without_adapters(tmp_path):
    """A pass through the base inside of a step costs what the base does."""
    model = adapted(make_model())
    callback = MeterCallback(reference_is_base=True)
    run = trainer(tmp_path, model, callback)
    usual = run.compute_loss
    live = LiveCounter()

    def with_reference(model, inputs, **named):
        with torch.no_grad(), model.disable_adapter(), live:
            model(**inputs)
        return usual(model, inputs, **named)

    run.compute_loss = with_reference
    run.train()

    assert callback.account.is_complete
    assert live.forward == callback.account.flop["reference"] > 0


def test_model_without_adapters_to_switch_off(tmp_path):
    """Where there are none, it is a fault and not an error."""
    callback = MeterCallback(reference_is_base=True)
    trainer(tmp_path, make_model(), callback, max_steps=1).train()

    assert {"no_adapters_to_switch_off": 1} == callback.account.faults
