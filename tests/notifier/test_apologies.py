"""We are sorry: for what we did, in the same words, and not every week."""

import re

import pytest

from contracts.vocabulary import IssueKind
from notifier.apologies import OURS
from notifier.kinds import KINDS
from notifier.messages import Message
from tests.notifier.correspondent import Life, delivered, goodwill, hour, known, opened, resolved
from tests.notifier.test_letters import html_of, message, text_of, written

REGRET = re.compile(r"[^.!?\n]*\b(?:sorry|apolog\w*|regret\w*|forgive\w*)[^.!?\n]*[.!?]?", re.IGNORECASE)
EVERYTHING = [message(kind) for kind in KINDS if not kind.startswith("issue_")]
EVERYTHING += [message(kind, issue_kind=str(one)) for one in IssueKind for kind in ("issue_opened", "issue_worse")]
EVERYTHING += [message("issue_resolved")]


def regrets(said: Message, *, sorry: bool) -> list[str]:
    mail = written(message(said.kind, **said.content, sorry=sorry))
    in_text = REGRET.findall(f"{mail['Subject']}.\n{text_of(mail)}")
    in_html = REGRET.findall(html_of(mail).partition("<h1")[2])
    assert len(in_text) == len(in_html)
    return [found.strip() for found in in_text]


@pytest.mark.parametrize("said", EVERYTHING, ids=lambda said: f"{said.kind}-{said.content.get('issue_kind', '')}")
def test_an_apology_is_one_sentence_and_always_the_same(said: Message) -> None:
    assert regrets(said, sorry=False) == []
    assert regrets(said, sorry=True) == ["We are sorry."]


@pytest.mark.parametrize("kind", IssueKind)
def test_nobody_apologises_for_what_is_not_their_doing(kind: IssueKind) -> None:
    life = Life([known(), opened(10, kind)], until=11)
    assert life.message("issue_opened").content.get("sorry", False) is (kind in OURS)


def test_more_than_three_in_a_month_are_none_and_the_news_are_told_all_the_same() -> None:
    weeks = [opened(10 + 168 * week, order_id=f"o{week}") for week in range(8)]
    told = sorted(Life([known(), *weeks], until=2_000).account.messages.values(), key=lambda one: one.intended_at)
    assert [message.content["sorry"] for message in told] == [True, True, True, False, False, True, True, True]
    assert all(message.ready_at is not None for message in told)


def test_an_apology_counts_whatever_it_stands_in() -> None:
    story = [known(), opened(10), goodwill(10), resolved(12), delivered(12, order_id="o9"), opened(13, order_id="o2")]
    life = Life(story, until=20)
    said = sorted((one.ready_at, one.kind) for one in life.account.messages.values() if one.content.get("sorry"))
    assert [kind for _, kind in said] == ["goodwill_granted", "issue_opened", "issue_resolved"]
    decided = {decision.detail["kind"]: decision.detail for decision in life.decisions if decision.outcome == "told"}
    assert decided["issue_opened"]["sorry"] is False  # the second one, which would have been the fourth apology
    assert "sorry" not in decided["order_delivered"]
    assert life.account.circumstances.lately_said[life.message("issue_opened").message_id].at == hour(13)
