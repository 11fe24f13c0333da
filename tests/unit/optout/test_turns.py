"""When a host may be asked, on a clock that only sleeping moves."""

import math
import threading

import pytest

from producers.optout.net.turns import (
    SPACING_S_MAX,
    OutOfTimeError,
    RetryLaterError,
    Turns,
)


class Time:
    """A clock, and a sleep that moves it."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def _turns(time, **limits):
    return Turns(monotonic=time.monotonic, sleep=time.sleep, **limits)


def _take(turns, host="e.test", **asked):
    with turns.turn(host, **asked) as waited_s:
        return waited_s


def test_a_burst_is_free_and_the_rest_is_spaced(time):
    """Three at once, then one each two seconds."""
    turns = _turns(time, spacing_s=2.0, burst=3)

    assert [0, 0, 0, 2, 2] == [_take(turns) for _ in range(5)]


def test_idle_time_gives_the_burst_back(time):
    """A host that was left in peace may be asked a few times at once again."""
    turns = _turns(time, spacing_s=2.0, burst=2)
    first = [_take(turns) for _ in range(3)]
    time.now += 60

    assert [0, 0, 2] == first == [_take(turns) for _ in range(3)]


def test_hosts_do_not_wait_for_each_other(time):
    """Each host has turns of its own."""
    turns = _turns(time, burst=1)
    _take(turns, "a.test")

    assert 0 == _take(turns, "b.test")


def test_no_spacing(time):
    """A spacing of 0 never waits."""
    turns = _turns(time, spacing_s=0.0, burst=1)

    assert {0} == {_take(turns) for _ in range(100)}


def test_a_pause_is_waited_out(time):
    """The next turn starts when the pause ends."""
    turns = _turns(time)

    assert turns.pause("e.test", 30.0)
    assert 30 == _take(turns)


def test_a_shorter_pause_does_not_end_a_longer_one(time):
    """Of two answers at the same time, the longer pause holds."""
    turns = _turns(time)
    turns.pause("e.test", 30.0)
    turns.pause("e.test", 1.0)

    assert 30 == _take(turns)


@pytest.mark.parametrize("seconds", [61.0, 1e12, math.inf])
def test_a_host_that_asks_for_too_long_is_left_alone(time, seconds):
    """No turn is given until the pause is over, and nothing is waited for."""
    turns = _turns(time, pause_s_max=60.0)

    assert not turns.pause("e.test", seconds)
    with pytest.raises(RetryLaterError):
        _take(turns)
    assert [] == time.slept


def test_a_host_left_alone_stays_so_whatever_it_asks_next(time):
    """A second, short pause does not make the first one be waited out."""
    turns = _turns(time, pause_s_max=60.0)
    turns.pause("e.test", 600.0)

    assert not turns.pause("e.test", 1.0)


def test_a_host_is_asked_again_after_a_long_pause(time):
    """What the host wanted is over: it may be asked, at once."""
    turns = _turns(time, pause_s_max=60.0)
    turns.pause("e.test", 600.0)
    time.now += 600

    assert 0 == _take(turns)


def test_pauses_without_end_are_a_refusal(time):
    """Each is short, but their sum is not: the host is left alone for an hour."""
    turns = _turns(time, pause_s_max=60.0)
    waited = 0.0
    while turns.pause("e.test", 60.0):
        waited += _take(turns)

    assert 600 == waited
    time.now += 3599
    with pytest.raises(RetryLaterError):
        _take(turns)


def test_a_host_may_ask_for_more_space(time):
    """The burst does not count where the host asks for a delay since its last turn."""
    turns = _turns(time)
    _take(turns)
    time.now += 4

    assert 6 == _take(turns, spacing_s=10.0)
    assert 10 == _take(turns, spacing_s=10.0)
    assert 0 == _take(turns)


def test_space_is_remembered_as_long_as_it_is_asked_for(time):
    """A host at rest is not forgotten while its delay may not be over."""
    turns = _turns(time)
    _take(turns)
    time.now += SPACING_S_MAX - 1
    for number in range(5000):
        _take(turns, f"{number}.test")

    assert 1 == _take(turns, spacing_s=SPACING_S_MAX)


def test_a_turn_that_comes_too_late_is_not_waited_for(time):
    """Nothing is waited for, and the host's turns are as they were."""
    turns = _turns(time, burst=1, spacing_s=2.0)
    _take(turns)
    for _ in range(3):
        with pytest.raises(OutOfTimeError):
            _take(turns, seconds_max=2.0)

    assert [] == time.slept
    assert 2 == _take(turns, seconds_max=2.1)


def test_an_answer_that_does_not_come_is_not_waited_for():
    """With all answers outstanding, a request gives up when its time is over."""
    turns = Turns(in_flight_max=1)
    late = pytest.raises(OutOfTimeError)
    with turns.turn("e.test"), late, turns.turn("e.test", seconds_max=0.01):
        pass


def test_requests_in_flight_are_limited():
    """With two answers outstanding, the third request waits for one of them."""
    turns = Turns(in_flight_max=2)
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)
    most, now = [], []

    def ask():
        with turns.turn("e.test"):
            now.append(1)
            most.append(len(now))
            entered.release()
            leave.acquire()
            now.pop()

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in threads:
        entered.acquire()
        leave.release()
    for thread in threads:
        thread.join()

    assert 2 >= max(most)


def test_a_turn_is_given_back_after_a_failure(time):
    """A request that fails is no longer in flight."""
    turns = _turns(time, in_flight_max=1)
    for _ in range(3):
        with pytest.raises(LookupError), turns.turn("e.test"):
            raise LookupError

    assert 0 == _take(turns)


def test_hosts_are_forgotten(time):
    """Memory is bounded: hosts at rest are dropped, those in a pause are not."""
    turns = _turns(time)
    turns.pause("paused.test", 1e9)
    for number in range(20_000):
        _take(turns, f"{number}.test")
        time.now += 1

    assert len(turns) <= 1024
    with pytest.raises(RetryLaterError):
        _take(turns, "paused.test")
