"""Words: every kind in every language, on the reader's clock, and nothing wrong gets past the start."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.vocabulary import Channel, IssueKind
from notifier.app import application
from notifier.catalogue import WordsRefused
from notifier.evidence import carrier_name, kept, material_of
from notifier.look import DARK_PAPER, ENOUGH, LIGHT_PAPER, WHITE, Look, contrast, lightened, unreadable
from notifier.material import CODES, MATERIALS
from notifier.messages import Message
from notifier.outgoing import Composed
from notifier.people import Person, zone_of
from notifier.phrases import PHRASES
from notifier.pieces import LITTLE_ROOM, LONGEST_NOTICE
from notifier.samples import SHOWN, sample_message, sample_person, sample_ways
from notifier.shop import Shop
from notifier.tongues import Tongues, normal
from notifier.ways import NO_WAYS, Ways
from notifier.words import Words, words_of
from notifier.words_command import main as check_words
from orders_listener.early_warning import words as warnings
from tests.notifier.correspondent import BERLIN, POLICY, Life, confirmed, known, opened, tier
from tests.sources import ROOT

ZONE = zone_of(BERLIN)
assert ZONE is not None
SHOP = Shop(name="Corner & Co", address="hello@shop.example", zone=ZONE)
WORDS = words_of(SHOP)


def say(
    key: str, locale: str | None = "en", channel: Channel = Channel.email, words: Words = WORDS, **content: object
) -> Composed:
    message = sample_message(key)
    message.content.update(content)
    return words.compose(
        message, Person(addresses={Channel.email: "ada@example.org"}, given_name="Ada", locale=locale), channel
    )


def shop_with(folder: Path, **files: str) -> Words:
    """The words of a shop with these files of its own."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.toml").write_text(text, encoding="utf-8")
    return Words(Shop(name="Corner & Co", address="hello@shop.example", zone=SHOP.zone, words=folder))


# --- every kind, every language ---


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("key", SHOWN)
def test_every_kind_is_said_whole_in_every_language_whatever_is_known(key: str, locale: str) -> None:
    for bare in (False, True):
        message, person = sample_message(key, bare=bare), sample_person(locale, bare=bare)
        mail = WORDS.compose(message, person, Channel.email, sample_ways(key))
        assert mail.locale == locale
        assert mail.subject
        assert f'<html lang="{locale}" dir="ltr">' in (mail.html or "")
        assert mail.text.count("\n\n") >= 5  # greeting, three sentences, who writes, the way to the page
        assert not set("{}[]") & set(mail.text + mail.subject)
        assert "None" not in mail.text


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("channel", LITTLE_ROOM)
def test_what_is_said_where_there_is_little_room_is_whole_sentences_and_one_link(channel: Channel, locale: str) -> None:
    for key in SHOWN:
        ways = Ways(action=f"https://shop.example/s/{'t' * 60}") if key == "survey" else NO_WAYS
        said = WORDS.compose(sample_message(key), sample_person(locale), channel, ways)
        assert said.html is None
        assert len(said.text) > 20
        assert said.text.count("https://") <= 1
        assert said.text.partition(" https://")[0].endswith((".", "!", "?"))
        assert channel is Channel.sms or len(said.text) <= LONGEST_NOTICE


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
@pytest.mark.parametrize("key", ["issue_opened.lost", "issue_opened.damaged"])
def test_where_there_is_little_room_the_reader_still_hears_what_they_can_choose(key: str, locale: str) -> None:
    for channel in LITTLE_ROOM:
        assert "?" in WORDS.compose(sample_message(key), sample_person(locale), channel).text


def test_a_text_message_names_the_shop_and_a_chat_says_all_of_it() -> None:
    whole = {"rest_follows": None}
    said = say("order_shipped", channel=Channel.sms, **whole).text
    assert said.startswith("Corner & Co: Your order has left us with DHL.")
    assert say("order_shipped", channel=Channel.chat, **whole).text.count("\n\n") == 4


def test_a_shop_may_write_the_short_form_itself(tmp_path: Path) -> None:
    words = shop_with(tmp_path, en="[order_shipped]\nshort = 'Off it goes with {{ carrier }}.'")
    assert say("order_shipped", channel=Channel.sms, words=words, tracking_url=None).text == "Off it goes with DHL."


# --- which language ---


@pytest.mark.parametrize(
    ("reader", "said_in"),
    [("de", "de"), ("de-AT", "de"), ("pt_br", "pt"), ("PT-BR", "pt"), ("fr-Latn-CA", "fr"), ("xx", "es"), (None, "es")],
)
def test_a_message_is_said_in_the_readers_language_or_the_shops(reader: str | None, said_in: str) -> None:
    shop = Shop(name="Corner & Co", address="hello@shop.example", zone=SHOP.zone, language="es")
    assert say("survey", reader, words=words_of(shop)).locale == said_in


def test_nobody_is_spoken_to_in_two_languages(tmp_path: Path) -> None:
    dutch = "\n".join(
        f'{name} = "{name}"' for name in ("hello_nobody", "sorry", "preferences", "also", "also_doing", "first")
    )
    frame = f'[frame]\n{dutch}\nhello = "Dag {{{{ given_name }}}}"\nabout_order = "x"\nalso_order = "x"\nbye = "x"\n'
    frame += 'reply = "x"\nwrite = "x"\nmore = "x"\n'
    frame += 'link = "{{ words }}"\nday = "d MMMM"\nclock = "HH:mm"\nday_and_clock = "{{ day }} {{ clock }}"\n'
    lost = "[issue_opened.lost]\nsubject = 'Kwijt'\nhappened = 'Weg.'\ndoing = 'Wij zoeken.'\nyou = 'Antwoord ons.'"
    words = shop_with(tmp_path, nl=frame + lost)
    assert say("issue_opened.lost", "nl-BE", words=words).text.startswith("Dag Ada\n\nWeg.")
    assert say("issue_opened.held", "nl-BE", words=words).locale == "en"
    other = {"issue_kind": "held", "order_id": "o2"}
    assert say("issue_opened.lost", "nl", words=words, also=[other]).locale == "en"  # what comes with it has no words


def test_the_language_is_that_of_the_decision() -> None:
    decided = say("survey", "de", said_in={"locale": "fr", "words": "older"})
    assert decided.locale == "fr"
    assert decided.version == WORDS.version


def test_the_decision_to_send_names_the_language_and_the_words() -> None:
    spoken = replace(POLICY, tongues=Tongues(version="v1", own="de", known={"de": frozenset(MATERIALS)}))
    life = Life([known(), confirmed(10), tier(11), opened(12)], until=13, policy=spoken)
    told = [one.detail for one in life.decisions if one.outcome == "told"]
    assert [(one["locale"], one["words"]) for one in told] == [("de", "v1")] * 3
    assert (life.message("issue_opened").locale, life.message("issue_opened").words) == ("de", "v1")
    assert life.message("issue_opened").content["said_in"]["tier"] == "silver"


def test_tongues_know_what_a_locale_is() -> None:
    assert [normal(one) for one in ("pt_br", "DE", "zh-Hant-TW", "", None)] == ["pt-BR", "de", "zh-TW", None, None]
    assert Tongues().locale_for("de", ["survey"]) == "en"


# --- in a language ---


def test_counting_follows_the_language() -> None:
    texts = [say("points_vested", locale, points=n).subject for locale in ("en", "de", "fr") for n in (1, 2)]
    assert texts == [
        "1 point is yours to spend", "2 points are yours to spend", "1 Punkt gehört jetzt Ihnen",
        "2 Punkte gehören jetzt Ihnen", "1 point est maintenant à vous", "2 points sont maintenant à vous",
    ]  # fmt: skip


def test_a_language_that_tells_more_apart_must_have_words_for_it(tmp_path: Path) -> None:
    counted = "[points_vested]\nsubject = \"{{ points | plural(one='punkt', other='punktu') }}\""
    with pytest.raises(WordsRefused, match=r"pl\.toml: points_vested\.subject: “plural” lacks words for few, many"):
        shop_with(tmp_path, pl=counted + "\nhappened = 'x'\ndoing = 'x'\nyou = 'x'\n" + _frame())


def _frame() -> str:
    return (ROOT / "services/notifier/notifier/words/en.toml").read_text(encoding="utf-8").partition("# ---")[0]


@pytest.mark.parametrize(
    ("locale", "said"),
    [("en", "€1,059.90"), ("de", "1.059,90 €"), ("de-CH", "EUR 1’059.90"), ("fr", "1 059,90 €"), ("pt", "1 059,90 €")],
)
def test_money_is_written_as_the_reader_does(locale: str, said: str) -> None:
    text = say("order_confirmed", locale, total_minor=105_990).text
    assert said in text.replace("\u202f", " ").replace("\u00a0", " ")


def test_french_signs_and_money_never_begin_a_line() -> None:
    mail = say("order_confirmed", "fr")
    assert "commande\u00a0: 3" in mail.text
    assert "59,90\u00a0€" in mail.text
    assert "59,90 €" in say("order_confirmed", "de", channel=Channel.sms).text  # its alphabet has one space
    assert "\u00a0?" in say("survey", "fr").subject
    said = say("issue_opened.item_missing", "fr").text + PHRASES["fr"]("question")
    assert not re.search(r" [:;?!»]|« ", said)


def test_one_point_is_not_spoken_of_as_many() -> None:
    assert "1 point. It is yours at once" in say("goodwill_granted", points=1).text
    assert "1 Punkt gutgeschrieben. Er gehört Ihnen" in say("goodwill_granted", "de", points=1).text
    assert "spend it with your next order" in say("points_vested", available_points=1).text


@pytest.mark.parametrize("locale", ["en", "de", "es", "fr", "pt"])
def test_no_day_is_named_by_which_an_order_should_have_come_where_none_is_known(locale: str) -> None:
    text = say("issue_opened.delivery_late", locale, promised=None, last_scan_at=None).text
    assert not [word for word in ("heute", "today", "hoy", "aujourd’hui", "hoje", "None") if word in text]


def test_the_number_of_an_order_stays_on_one_line_and_can_be_copied() -> None:
    whole = '<span style="white-space:nowrap">o-1048</span>'
    other = {"issue_kind": "held", "order_id": "a&b-2"}
    page = say("issue_opened.lost", also=[other]).html or ""
    assert f"about your order {whole}." in page
    assert '<span style="white-space:nowrap">a&amp;b-2</span>' in page
    resolved = say("issue_resolved").html or ""
    assert f"your order {whole}</h1>" in resolved
    assert "your order o-1048</title>" in resolved


def test_days_are_those_of_the_readers_clock() -> None:
    midnight = "2026-10-06T00:00:00+02:00"  # in Berlin
    message = sample_message("order_shipped")
    message.content.update({"promised_by": midnight, "rest_follows": None})
    for zone, day in ((BERLIN, "Monday 5 October"), ("Asia/Tokyo", "Tuesday 6 October"), (None, "Monday 5 October")):
        text = WORDS.compose(message, Person(addresses={Channel.email: "a@b.example"}, zone=zone), Channel.email).text
        assert f"It should reach you by {day}." in text


def test_a_promised_day_is_that_day_everywhere_and_a_promised_hour_has_its_clock() -> None:
    message = sample_message("issue_opened.delivery_late")
    for promised, said in (
        ("2026-10-05", "Monday 5 October"),
        ("2026-10-05T18:30:00+02:00", "Tuesday 6 October, 01:30"),
    ):
        message.content["promised"] = promised
        text = WORDS.compose(
            message, Person(addresses={Channel.email: "a@b.example"}, zone="Asia/Tokyo"), Channel.email
        ).text
        assert f"We promised your order by {said}, and" in text
    assert "le jeudi 1er octobre" in say("issue_opened.held", "fr").text


# --- of what is known ---


def test_evidence_becomes_names_and_nothing_personal_is_kept() -> None:
    evidence = {
        "carrier": "dhl", "since": "2026-10-01T09:00:00+00:00", "last_scan_at": "yesterday", "numbers_of": "x",
        "ordered_size": "M", "ordered_colour": "blue", "missing": "2", "reasons": "unseen too_soon",
    }  # fmt: skip
    assert "numbers_of" not in kept(evidence)
    found = material_of(kept(evidence), None)
    assert (found["carrier"], found["since"], found["last_scan_at"]) == ("DHL", evidence["since"], None)
    assert (found["ordered"], found["missing"], found["reasons"]) == ("blue, M", 2, ["unseen", "too_soon"])
    assert [carrier_name(one) for one in ("royal_mail", "UPS", "PostNL", "", None)] == [
        "Royal Mail",
        "UPS",
        "PostNL",
        None,
        None,
    ]


def test_every_reason_of_a_warning_has_words() -> None:
    source = Path(warnings.__file__).read_text(encoding="utf-8")
    named = {part.partition('"')[0] for part in source.split('Reason("')[1:]}
    assert named - {"share"} <= CODES
    assert len(named) > 5


@pytest.mark.parametrize("kind", IssueKind)
def test_every_issue_can_be_said_of_which_only_an_older_version_was_told(kind: IssueKind) -> None:
    message = sample_message(f"issue_opened.{kind}")
    old = {
        "issue_kind": str(kind),
        "known": "Something.",
        "promised_by": None,
        "expected_by": None,
        "severity": "notice",
    }
    message.content.clear()
    message.content.update(old)
    assert WORDS.compose(message, sample_person("de"), Channel.email).locale == "de"


def test_what_staff_declared_is_said_in_the_shops_language_only() -> None:
    assert "Snow has closed" in say("issue_opened.disruption", "en").text
    assert "Snow has closed" not in say("issue_opened.disruption", "de").text


def test_a_note_keeps_its_paragraphs_and_nothing_else() -> None:
    text = say("note", happened="One.\r\n\r\nTwo\nlines.\x07", doing=None, you=None).text
    assert (
        "\n\nOne.\n\nTwo lines.\n\nWe are taking care of it.\n\nIf you have a question, reply to this message.\n\n"
        in text
    )


# --- the shop's own ---


def test_a_shop_changes_single_sentences_and_keeps_the_rest(tmp_path: Path) -> None:
    words = shop_with(
        tmp_path, en="[survey]\nsubject = \"A word, {{ given_name or 'please' }}?\"", de_AT="[frame]\nbye = 'Baba'"
    )
    assert say("survey", words=words).subject == "A word, Ada?"
    assert "How likely are you to recommend Corner & Co" in say("survey", words=words).text
    assert "\n\nBaba\n\n" in say("survey", "de-AT", words=words).text
    assert "\n\nIhr Team von Corner & Co\n\n" in say("survey", "de", words=words).text
    assert words.version != WORDS.version


def test_the_most_special_sentence_holds(tmp_path: Path) -> None:
    words = shop_with(
        tmp_path,
        en="""
        [order_cancelled.when.country.FR]
        you = "country"
        [order_cancelled.when.tier.gold]
        you = "tier"
        [order_cancelled.when.by.customer]
        you = "by"
        [order_cancelled.when.country.FR.when.tier.gold]
        you = "country and tier"
        """,
    )
    found = []
    for country, level, by in (
        ("FR", None, "shop"),
        ("FR", "silver", "customer"),
        (None, "gold", "shop"),
        ("FR", "gold", "customer"),
    ):
        message = sample_message("order_cancelled")
        message.content.update(by=by, said_in={"tier": level})
        person = Person(addresses={Channel.email: "a@b.example"}, country=country)
        found.append(words.compose(message, person, Channel.chat).text.rpartition("\n\n")[2])
    assert found == ["country", "by", "tier", "country and tier"]


WRONG = {
    "a name that is not there": (
        "[order_shipped]\nyou = '{{ carier }}'",
        r"en\.toml: order_shipped\.you: uses “carier”",
    ),
    "a name of another kind": ("[survey]\nyou = '{{ points }}'", "survey.you: uses “points”"),
    "in a case of its own": (
        "[survey.when.country.FR]\nyou = '{{ points }}'",
        "survey.when.country.FR.you: uses “points”",
    ),
    "never reached": ("[survey]\nyou = '{% if survey == 1 %}{{ x }}{% endif %}a'", "uses “x”"),
    "a filter that is not there": ("[survey]\nyou = '{{ shop | attr(\"x\") }}'", "there is no filter “attr”"),
    "no sentence": ("[survey]\nyou = '{{ shop'", "survey.you: unexpected end"),
    "a part that is not there": ("[survey]\nhapened = 'x'", "survey.hapened: is not one of subject"),
    "a kind that is not there": ("[suvey]\nyou = 'x'", "en.toml: suvey: nothing is called so"),
    "an issue that is not there": ("[issue_opened.vanished]\nyou = 'x'", "issue_opened.vanished: nothing is called so"),
    "nothing said": ("[survey]\nyou = '  '", "should be a text of 1 to"),
    "nothing said at times": ("[order_shipped]\nyou = '{{ carrier or \"\" }}'", "says nothing when all is unknown"),
    "an unknown condition": ("[survey.when.moon.full]\nyou = 'x'", "survey.when.moon: sentences cannot depend on this"),
    "no TOML": ("[survey\n", "en.toml: "),
    "an unknown that is counted": ("[issue_opened.item_missing]\nyou = '{{ missing | number }}'", "item_missing.you: "),
    "its class": ("[survey]\nyou = '{{ shop.__class__ }}'", "“.__class__” cannot be used"),
    "a call": ("[survey]\nyou = '{{ shop.format(shop) }}'", "Call cannot be used"),
    "a loop": ("[survey]\nyou = '{% for a in shop %}{{ a }}{% endfor %}'", "For cannot be used"),
    "arithmetic": ("[survey]\nyou = '{{ \"a\" * 1000000000 }}'", "Mul cannot be used"),
    "an item": ("[survey]\nyou = '{{ shop[\"__class__\"] }}'", "Getitem cannot be used"),
    "an import": ("[survey]\nyou = '{% import \"letter.html\" as x %}'", "Import cannot be used"),
    "a macro": ("[survey]\nyou = '{% macro a() %}{% endmacro %}'", "Macro cannot be used"),
    "a file": ("[survey]\nyou = '{% include \"letter.html\" %}'", "Include cannot be used"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_words_stops_the_start_with_file_key_and_reason(name: str, tmp_path: Path) -> None:
    text, said = WRONG[name]
    with pytest.raises(WordsRefused, match=said):
        shop_with(tmp_path, en=text)


def test_a_new_language_begins_with_its_frame_and_says_whole_messages(tmp_path: Path) -> None:
    with pytest.raises(WordsRefused) as refused:
        shop_with(tmp_path, nl="[survey]\nsubject = 'Hoi'")
    faults = [str(fault) for fault in refused.value.faults]
    assert "nl.toml: frame.hello: is missing" in faults
    assert "nl.toml: survey.happened: is missing" in faults
    assert "nl.toml: survey.action: is missing" in faults


def test_a_folder_of_words_is_checked_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_words(["check", str(tmp_path)])
    assert capsys.readouterr().out == "words de, en, es, fr, pt: all right\n"
    (tmp_path / "de.toml").write_text("[survey]\nyou = '{{ nobody }}'\n[suvey]\n")
    with pytest.raises(SystemExit, match=r"de\.toml: suvey: nothing is called so"):
        check_words(["check", str(tmp_path)])
    with pytest.raises(SystemExit, match="is not a folder"):
        check_words(["check", str(tmp_path / "none")])


def test_the_notifier_does_not_start_with_wrong_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "en.toml").write_text("[survey]\nyou = '{{ nobody }}'")
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", "postgresql+asyncpg://nowhere/x")
    monkeypatch.setenv("LINK_KEYS", "test:a-secret-that-is-long-enough-for-tests")
    monkeypatch.setenv("NOTIFIER_WORDS_DIR", str(tmp_path))
    with pytest.raises(SystemExit, match=r"(?s)the words are refused.en\.toml: survey\.you: uses “nobody”"):
        application()


# --- colours ---


def test_colours_that_cannot_be_read_are_refused_and_others_are_lightened_for_the_dark() -> None:
    assert "contrast of" in (unreadable("#ffcc00", LIGHT_PAPER) or "")
    assert "contrast of" in (unreadable("#1f4e8c", DARK_PAPER) or "")
    assert unreadable("red", LIGHT_PAPER) == "write a colour like #1f4e8c"
    for accent in ("#1f4e8c", "#000000", "#8a0000", "#006b3c"):
        assert unreadable(accent, LIGHT_PAPER) is None
        assert contrast(lightened(accent), DARK_PAPER) >= ENOUGH
        colours = Look(accent=accent).colours
        assert contrast(colours["on_accent"], colours["accent"]) >= ENOUGH
        assert contrast(colours["on_accent_dark"], colours["accent_dark"]) >= ENOUGH
    assert contrast(WHITE, "#000000") == pytest.approx(21)


def test_whatever_a_message_may_say_has_a_sample() -> None:
    assert set(SHOWN) <= set(MATERIALS)
    assert isinstance(sample_message(SHOWN[0]), Message)
