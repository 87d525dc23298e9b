"""Figures of a rehearsal: how they follow from what was seen."""

from deploy.local.rehearse import figures
from deploy.local.rehearse.crew import Replaced
from deploy.local.rehearse.watch import Asked, Probe

MOVES = {("loyalty", 0): [1.0, 2.0, 9.0, 10.0], ("loyalty", 1): [1.0, 3.0, 7.5, 10.0], ("feedback", 0): [0.5, 5.0]}


def test_a_pause_reaches_from_one_move_to_the_next_and_to_the_ends() -> None:
    assert figures.longest_pause_s(MOVES, (0.0, 10.5)) == (7.0, ("loyalty", 0))
    assert figures.longest_pause_s(MOVES, (4.5, 10.5)) == (5.5, ("feedback", 0))


def test_resumed_is_when_the_last_partition_has_moved() -> None:
    assert figures.resumed_after_s(MOVES, 3.5, ["loyalty"]) == 5.5
    assert figures.resumed_after_s(MOVES, 6.0) is None


def test_a_handover_begins_with_the_signal_and_counts_after_the_end() -> None:
    replaced = Replaced("loyalty-worker-1", "loyalty", True, asked_at_s=2.5, ended_at_s=3.5, ready_at_s=20.0)
    assert figures.handover_s(MOVES, replaced) == 6.5


def test_probes_and_answers_are_judged_apart() -> None:
    probes = [
        Probe(1.0, "a", True, True, None),
        Probe(2.0, "a", True, False, "Kafka is away"),
        Probe(3.0, "b", False, False, "the loop has not come round for 61 s"),
        Probe(99.0, "b", False, False, "later"),
    ]
    assert figures.of_probes(probes, (0.0, 10.0)) == {
        "probes": 3,
        "liveness_failures": ["b: the loop has not come round for 61 s"],
        "not_ready": 1,
        "reasons": ["Kafka is away"],
    }
    problem = "application/problem+json"
    answers = [Asked(1.0, "a", 200, None, ""), Asked(2.0, "a", 503, "5", problem), Asked(3.0, "a", 503, None, problem)]
    found = figures.of_answers([*answers, Asked(4.0, "a", 500, None, problem)], (0.0, 10.0))
    assert found == {
        "answers": {"200": 1, "500": 1, "503": 2},
        "without_retry_after": 1,
        "wrong": [f"a: 500 {problem}"],
    }
