"""The state of the cache's generation in one process."""

import pytest

from iotflow.stores.redis.generation import GenerationState, Outcome

UNSTABLE_S = 1.25


@pytest.fixture
def state() -> GenerationState:
    """The state of a process that has begun its first generation, at second 0."""
    state = GenerationState(UNSTABLE_S)
    begin(state, "one", 0)
    return state


def begin(state: GenerationState, generation_id: str, now_s: float) -> int:
    state.begin()
    return state.record_begun(generation_id, now_s)


def is_stale(state: GenerationState) -> bool:
    """Return it without narrowing the attribute's type for the rest of a test."""
    return state.is_stale


def apply_replies(
    state: GenerationState,
    reported: str,
    *,
    under_generation: bool = True,
    lacks_script: bool = False,
    refused: bool = False,
) -> Outcome:
    return state.apply_replies(reported, under_generation=under_generation, lacks_script=lacks_script, refused=refused)


def test_a_process_starts_stale_and_is_stable_after_its_first_generation() -> None:
    state = GenerationState(UNSTABLE_S)
    assert is_stale(state)
    assert begin(state, "one", 5) == 0
    assert not is_stale(state)
    assert state.id == "one"
    assert state.has_settled_after_outage(5)


def test_a_later_generation_is_unstable_at_first(state: GenerationState) -> None:
    state.mark_stale()
    assert is_stale(state)
    begin(state, "two", 5)
    assert not state.has_settled_after_outage(5 + UNSTABLE_S - 0.01)
    assert state.has_settled_after_outage(5 + UNSTABLE_S)


def test_a_mark_while_a_generation_begins_requires_another_one(state: GenerationState) -> None:
    state.begin()
    state.mark_stale()
    state.record_begun("two", 0)
    assert state.id == "two"
    assert is_stale(state)


def test_a_generation_that_did_not_begin_is_still_required(state: GenerationState) -> None:
    state.begin()
    state.record_begin_failure()
    assert is_stale(state)
    assert state.id == "one"


def test_failed_calls_are_counted_until_a_generation_begins(state: GenerationState) -> None:
    state.record_failed_calls(stale=False)
    assert not is_stale(state)
    state.record_failed_calls(3)
    assert is_stale(state)
    assert begin(state, "two", 0) == 4
    assert begin(state, "three", 0) == 0


@pytest.mark.parametrize("under_generation", [True, False])
def test_replies_under_the_same_id_are_delivered(state: GenerationState, under_generation: bool) -> None:
    assert apply_replies(state, "one", under_generation=under_generation) is Outcome.DELIVER
    state.adopt_id("one")
    assert not is_stale(state)


@pytest.mark.parametrize("reported", ["two", ""])
def test_calls_that_name_entries_are_sent_again_under_another_id(state: GenerationState, reported: str) -> None:
    assert apply_replies(state, reported) is Outcome.RESEND
    assert apply_replies(state, reported, refused=True) is Outcome.RESEND
    assert apply_replies(state, reported, under_generation=False) is Outcome.DELIVER


def test_the_id_of_another_process_is_taken_over(state: GenerationState) -> None:
    state.adopt_id("two")
    assert state.id == "two"
    assert not is_stale(state)
    assert state.has_settled_after_outage(0)


def test_an_id_that_redis_has_lost_requires_a_new_one(state: GenerationState) -> None:
    state.adopt_id("")
    assert is_stale(state)
    assert state.id == "one"


def test_a_refused_command_fails_its_call_and_requires_a_generation(state: GenerationState) -> None:
    assert apply_replies(state, "one", refused=True) is Outcome.FAIL
    assert is_stale(state)
    assert begin(state, "two", 0) == 1


@pytest.mark.parametrize("under_generation", [True, False])
def test_an_unknown_script_means_unknown_entries(state: GenerationState, under_generation: bool) -> None:
    outcome = apply_replies(state, "one", under_generation=under_generation, lacks_script=True, refused=True)
    assert outcome is Outcome.RESEND
    assert is_stale(state)
    assert state.failed_calls == 0
