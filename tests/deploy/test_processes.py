"""Children say why they died, and never outlive us, whatever ends us."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.ports import HOST, free_port
from deploy.local.processes import Process, ProcessError, memory_bytes

REPOSITORY = Path(__file__).parents[2]
SLEEP = "import time; time.sleep(60)"
# A child that has a child of its own and tells its pid.
PARENT_OF_ONE = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "{SLEEP}"])
print(child.pid, flush=True)
child.wait()
"""
# What a run is to us: it starts a child by our means and tells both pids, then waits.
RUN = """
import sys, time
from pathlib import Path
from deploy.local.processes import Process
child = Process("child", [sys.executable, "-c", sys.argv[2]], log=Path(sys.argv[1]))
child.start()
child.wait_until(lambda: child.tail().isdigit())
print(child.pid, child.tail(), flush=True)
time.sleep(60)
"""


def python(program: str, log: Path, **settings: str) -> Process:
    return Process("tiny", [sys.executable, "-u", "-c", program], log=log, environment=settings)


def is_gone(pid: int) -> bool:
    """A process that only waits to be counted by its parent is gone too."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not fact():
        assert time.monotonic() < deadline, "not within ten seconds"
        time.sleep(0.02)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV])
def test_nothing_is_left_running_when_the_parent_dies(end: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", RUN, str(tmp_path / "child.log"), PARENT_OF_ONE]
    with subprocess.Popen(  # noqa: S603 - our own words
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=REPOSITORY
    ) as run:
        assert run.stdout is not None
        child, grandchild = map(int, run.stdout.readline().split())
        assert not is_gone(child)
        assert not is_gone(grandchild)
        run.send_signal(end)

    wait_until(lambda: is_gone(child) and is_gone(grandchild))


def test_a_stopped_child_takes_its_own_children_along(tmp_path: Path) -> None:
    child = python(PARENT_OF_ONE, tmp_path / "log")
    child.start()
    child.wait_until(lambda: child.tail().isdigit())
    grandchild = int(child.tail())
    child.stop()

    wait_until(lambda: is_gone(grandchild))
    assert not child.running


def test_a_child_that_will_not_end_is_ended(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(60)"
    child = python(stubborn, tmp_path / "log")
    child.start()
    child.wait_until(lambda: child.tail() == "1")
    child.stop(timeout_s=0.1)

    assert not child.running


def test_a_death_is_told_with_name_exit_code_and_the_last_twenty_lines(tmp_path: Path) -> None:
    child = python("print(*range(100), sep='\\n'); raise SystemExit(3)", tmp_path / "log")
    child.start()
    with pytest.raises(ProcessError) as death:
        child.wait_healthy("http://127.0.0.1:1/")
    child.stop()

    told = str(death.value)
    assert "tiny ended with exit code 3" in told
    assert told.endswith("\n".join(str(number) for number in range(80, 100)))


def test_a_child_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    child = python("import time; print('waiting'); time.sleep(60)", tmp_path / "log")
    child.start()
    with pytest.raises(ProcessError, match=r"tiny is not ready after 0\.3 s"):
        child.wait_healthy("http://127.0.0.1:1/", timeout_s=0.3)
    child.stop()


def test_a_child_is_healthy_once_it_answers(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", HOST]
    child = Process("web", command, log=tmp_path / "log", folder=tmp_path)
    child.start()
    child.wait_healthy(f"http://{HOST}:{port}/")
    memory = memory_bytes([child])
    child.stop()

    assert memory > 1_000_000
    assert memory_bytes([child]) == 0


def test_a_task_is_done_or_says_why_not(tmp_path: Path) -> None:
    python("pass", tmp_path / "log").complete()
    with pytest.raises(ProcessError, match="exit code 1"):
        python("raise SystemExit('no such table')", tmp_path / "log").complete()
    with pytest.raises(ProcessError, match=r"not done after 0\.2 s"):
        python(SLEEP, tmp_path / "log").complete(timeout_s=0.2)


def test_a_child_sees_our_environment_and_its_own(tmp_path: Path) -> None:
    child = python("import os; print(os.environ['PATH'], os.environ['SHOP'])", tmp_path / "log", SHOP="ada")
    child.complete()

    assert child.tail() == f"{os.environ['PATH']} ada"
