"""Two canonical texts differ in exactly the lines that differ, and leaving customers out leaves all of them out."""

from deploy.local.replay.canonical import differences, without

LOYALTY = b'loyalty.accounts {"customer_id":"ada"}\n'
ONE = LOYALTY + b'notifier.people {"customer_id":"ada"}\nnotifier.people {"customer_id":"bo"}\n'


def test_the_same_text_has_no_differences() -> None:
    assert differences(ONE, ONE) == []


def test_a_row_more_is_a_difference_and_so_is_one_less() -> None:
    assert differences(ONE, ONE + b"x\n") == ["+ x"]
    assert differences(ONE + b"x\nx\n", ONE + b"x\n") == ["- x"]


def test_customers_are_left_out_only_where_the_mail_server_is_heard() -> None:
    assert without(ONE, {"ada"}) == LOYALTY + b'notifier.people {"customer_id":"bo"}\n'
    assert without(ONE, set()) == ONE
