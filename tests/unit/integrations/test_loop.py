"""A metered loop: what it records, and what it says when it cannot."""

import pytest

torch = pytest.importorskip("torch")

from producers.metering.integrations.budget import Budget, BudgetGuard  # noqa: E402
from producers.metering.integrations.loop import MeteredLoop  # noqa: E402
from producers.metering.integrations.merging import merged  # noqa: E402
from producers.metering.meter import Meter, MeteringError  # noqa: E402
from tests.unit.metering.tiny import Tiny, ids, loss_of  # noqa: E402


def run(loop, model, steps, shape=(1, 4)):
    for _ in range(steps):
        with loop.step():
            loss_of(model(ids(*shape))).backward()


def attached(**options):
    loop, model = MeteredLoop(**options), Tiny()
    loop.attach(model)
    return loop, model


def cost(steps, shape=(1, 4)):
    """FLOP of a training step of this shape, forward and backward."""
    meter, model = Meter(strict=True), Tiny()
    plan = meter.attach(model)
    return steps * (plan.forward.at(*shape) + plan.backward.at(*shape))


def direct(account):
    return account.flop["forward"] + account.flop["backward"]


class Recorder:
    """Takes batches, and fails the first so many times."""

    def __init__(self, failures=0):
        self.failures = failures
        self.batches = []

    def __call__(self, batch):
        if self.failures:
            self.failures -= 1
            raise OSError("no space left")
        self.batches.append(batch)


def test_batches_are_recorded_every_so_many_steps():
    """A recorder gets the steps in order, and the rest at the end."""
    recorder = Recorder()
    loop, model = attached(sink=recorder, every=2)
    run(loop, model, 5)
    account = loop.finish()

    assert [(0, 2), (2, 2), (4, 1)] == [
        (batch.step_first, batch.steps) for batch in recorder.batches
    ]
    assert account.is_complete
    assert (5, 20, cost(5)) == (account.steps, account.tokens, direct(account))


def test_account_without_a_recorder():
    """Without a recorder the account is all there is, and nothing is missing."""
    loop, model = attached()
    run(loop, model, 3)
    account = loop.finish()

    assert account.is_complete
    assert (cost(3), 0) == (direct(account), account.unrecorded_steps)


def test_recorder_that_fails_is_offered_everything_again():
    """What was not taken is merged with what follows, so nothing is lost."""
    recorder = Recorder(failures=2)
    loop, model = attached(sink=recorder, every=1)
    run(loop, model, 1, (1, 4))
    run(loop, model, 1, (2, 5))

    assert {"record_failed": 2} == loop.account().faults

    run(loop, model, 1, (1, 4))
    account = loop.finish()
    [batch] = recorder.batches

    assert (0, 3) == (batch.step_first, batch.steps)
    assert [(1, 4, 2, 2), (2, 5, 1, 1)] == [
        (each.batch, each.sequence, each.forwards, each.backwards)
        for each in batch.counted
    ]
    assert account.is_complete


def test_recorder_that_never_comes_back():
    """Steps that nobody took are said, and the training was not disturbed."""
    loop, model = attached(sink=Recorder(failures=9), every=2)
    run(loop, model, 5)
    account = loop.finish()

    assert not account.is_complete
    assert ({"record_failed": 5}, 5) == (account.faults, account.unrecorded_steps)
    assert cost(5) == direct(account)


def test_strict_loop_raises_what_a_recorder_raises():
    """With a strict meter, what is not recorded ends the training."""
    loop, model = attached(meter=Meter(strict=True), sink=Recorder(failures=1), every=1)

    with pytest.raises(MeteringError, match="record_failed"):
        run(loop, model, 1)


def test_step_that_an_error_left_open():
    """A step that did not end is no step; what ran in it is counted, and in doubt."""
    loop, model = attached()

    def fail():
        with loop.step():
            loss_of(model(ids(1, 4))).backward()
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    run(loop, model, 1)
    account = loop.finish()

    assert ({"step_abandoned": 1}, 1) == (account.faults, account.steps)
    assert cost(2) == direct(account)


def test_step_left_open_at_the_end():
    """So is one that is open when the training ends."""
    loop, model = attached()
    loop.begin()
    model(ids(1, 4))

    assert {"step_abandoned": 1} == loop.finish().faults
    assert not loop.is_in_step


def test_end_without_a_beginning():
    """A step that never began is not counted, and noted."""
    loop, _ = attached()
    loop.end()

    assert {"step_not_begun": 1} == loop.finish().faults


def test_nothing_is_counted_after_the_end():
    """A finished loop has let go of the model."""
    loop, model = attached()
    run(loop, model, 1)
    before = loop.finish()
    model(ids(1, 4))

    assert before == loop.finish()


def test_closed_form_that_fails_is_a_fault():
    """What derives the closed form must not stop a training either."""
    loop, model = MeteredLoop(), Tiny()
    loop.attach(model, closed_form=lambda model: 1 / 0)
    run(loop, model, 1)

    assert {"closed_form_failed": 1} == loop.finish().faults


def test_pass_without_gradients_inside_of_a_step():
    """A step says what they are for; outside of steps they are evaluation."""
    loop, model = attached()
    with loop.step(without_gradient="reference"):
        with torch.no_grad():
            model(ids(1, 4))
        loss_of(model(ids(1, 4))).backward()
    with torch.no_grad():
        model(ids(2, 4))
    flop = loop.finish().flop

    assert 2 * flop["reference"] == flop["evaluation"] > 0


@pytest.mark.parametrize("name", ["fused_lm_head", "shift_labels"])
def test_head_that_leaves_positions_out(name):
    """It is counted as if it met all of them, and the count says so."""

    class Fused(Tiny):
        def forward(self, input_ids, fused_lm_head=None, shift_labels=None):
            return super().forward(input_ids)

    loop, model = MeteredLoop(), Fused()
    loop.attach(model)
    with loop.step():
        loss_of(model(ids(1, 4), **{name: True})).backward()
    account = loop.finish()

    assert {"head_in_part": 1} == account.faults
    assert cost(1) == direct(account)


def test_budget_stops_in_front_of_its_limit():
    """The last stretch that fits is run, and no other."""
    budget = Budget(limit=cost(7) - 1, stop=True)
    loop, model = attached(every=2, guard=BudgetGuard(budget, on_alarm=[].append))
    while not loop.should_stop:
        run(loop, model, 1)

    assert cost(6) == direct(loop.finish())


def test_merged_batches_add_up():
    """Merging changes no sum, and keeps one entry for each kind of pass."""
    loop, model = attached(every=1, sink=(batches := []).append)
    for shape in ((1, 4), (2, 6), (1, 4)):
        run(loop, model, 1, shape)
    loop.finish()
    one = None
    for batch in batches:
        one = merged(one, batch)

    assert (0, 3, 2) == (one.step_first, one.steps, len(one.counted))
    assert sum(b.tokens for b in batches) == one.tokens
    assert {
        name: sum(batch.flop()[name] for batch in batches) for name in one.flop()
    } == one.flop()


def test_batches_are_recorded_after_so_much_time():
    """Ten seconds after a batch's first step began, the step that ends writes it."""
    now, recorder = [0.0], Recorder()
    loop, model = attached(sink=recorder, every=100, monotonic=lambda: now[0])
    for now[0] in (0.0, 9.9, 10.0, 12.0):
        run(loop, model, 1)
    loop.finish()

    assert [3, 1] == [batch.steps for batch in recorder.batches]
