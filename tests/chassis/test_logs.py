"""One JSON object a line, and nothing in it that a customer wrote."""

import json
import subprocess
import sys
import textwrap

PROGRAM = textwrap.dedent("""
    import logging, structlog
    from chassis import logs
    from chassis.topics import WrongPartitions
    logs.configure("toy", "INFO")
    try:
        int("Ada Lovelace")
    except ValueError as error:
        structlog.get_logger("a").error("ours", exc_info=error)
        logging.getLogger("b").exception("theirs")
    try:
        raise WrongPartitions("orders has 3") from OSError("refused")
    except WrongPartitions as error:
        structlog.get_logger("a").error("known", exc_info=error)
""")


def test_an_exception_is_told_by_kind_and_place_and_never_in_its_words() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)  # noqa: S603 ours
    ours, theirs, known = map(json.loads, done.stdout.splitlines())
    assert "Ada" not in done.stdout + done.stderr
    assert ours["exception"][0] == theirs["exception"][0] == "builtins.ValueError"
    assert {"chassis.topics.WrongPartitions: orders has 3", "builtins.OSError: refused"} <= set(known["exception"])
    assert (ours["service"], ours["level"], ours["message"]) == ("toy", "error", "ours")


def test_what_kafkas_client_says_many_times_a_second_comes_once_in_a_while() -> None:
    say = "[logging.getLogger('aiokafka').error('away from %s', n) for n in range(100)]"
    program = f"import logging; from chassis import logs; logs.configure('toy', 'INFO'); {say}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 ours
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == ["away from 0"]


QUIET = "import logging; from chassis import logs"
NOISY = ("aiokafka", "httpx", "uvicorn.access")


def test_requests_and_clients_are_not_logged() -> None:
    program = f"{QUIET}; logs.configure('toy', 'DEBUG'); [logging.getLogger(name).info('/s/token') for name in {NOISY}]"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 ours
    assert done.stdout + done.stderr == ""
