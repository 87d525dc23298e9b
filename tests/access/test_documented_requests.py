"""Every request that a page shows (`curl …`) is sent as it stands there, and the service takes it."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from chassis.runtime import Runtime
from deploy.local.ports import Ports
from tests.access.services import compose
from tests.conftest import ClientOf, RuntimeOf, key_of
from tests.sources import ROOT, SERVICES, files

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *files("README.md", ["services"]))
"""The runbooks' commands are run by `tests/monitoring`, those about hooks of providers beside what they send."""
NOT_TAKEN = {"method_not_allowed", "invalid_request", "not_authenticated", "scope_missing"}
"""What a request is told that nobody could send with success. That there is no parked record 17 is another thing."""


class Shown(NamedTuple):
    """A request as a page shows it."""

    page: str
    command: str
    service: str
    method: str
    path: str
    headers: dict[str, str]
    body: str | None


def commands(text: str) -> Iterator[str]:
    """Each `curl …` of a page, in code blocks over several lines until quotes are closed, or in a code span."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        lines = iter(block.splitlines())
        for line in lines:
            if line.strip().startswith("curl "):
                yield _whole(line.strip(), lines)
    yield from re.findall(r"`(curl [^`\n]+)`", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE))


def _whole(command: str, further: Iterator[str]) -> str:
    while True:
        if command.endswith("\\"):
            command = command[:-1] + next(further)
        try:
            shlex.split(command, comments=True)
        except ValueError:  # a quote is open
            command += "\n" + next(further)
        else:
            return command


def shown(page: str, command: str, key: str) -> Shown:
    """What curl would send. Options that it does not know here are a mistake of the page, or of this reader."""
    words = iter(shlex.split(command.replace("$KEY", key), comments=True)[1:])
    method, url, headers, body = "", "", {}, None
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, content = next(words).partition(":")
                headers[name] = content.strip()
            case "-d":
                body = next(words)
            case "-s" | "-i":
                pass
            case _:
                assert not word.startswith("-") and not url, f"{page}: {command}"  # noqa: PT018 one mistake
                url = word
    asked = httpx.URL(url if "://" in url else f"http://{url}")
    service = {number: name for name, number in _services().items()}[asked.port or 80]
    return Shown(page, command, service, method or ("POST" if body else "GET"), asked.raw_path.decode(), headers, body)


def _services() -> dict[str, int]:
    return {service: getattr(Ports(), service) for service in SERVICES}


def all_commands() -> list[tuple[str, str]]:
    return [(page.relative_to(ROOT).as_posix(), one) for page in PAGES for one in commands(page.read_text())]


async def _runtime(service: str, runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(compose(service))


async def test_every_request_of_a_page_is_taken_by_its_service(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    runtimes = {service: await _runtime(service, runtime_of) for service in SERVICES}
    clients = {service: await client_of(runtime, keyed=False) for service, runtime in runtimes.items()}
    keys = {service: (await key_of(runtime)).written() for service, runtime in runtimes.items()}
    found = all_commands()
    assert len(found) >= 12, "the commands of the pages are not found any more"
    wrong = []
    for page, command in found:
        service = shown(page, command, "").service
        one = shown(page, command, keys[service])
        answer = await clients[service].request(one.method, one.path, headers=one.headers, content=one.body)
        if not _is_taken(answer):
            wrong.append(f"{page}: {command}: {answer.status_code} {answer.text}")
    assert wrong == []


def _is_taken(answer: httpx.Response) -> bool:
    if not answer.is_error:
        return True
    said = answer.json() if answer.headers["content-type"] == "application/problem+json" else {}
    is_nowhere = said.get("detail", "Not Found") == "Not Found"  # as the framework says it, of an address
    return answer.status_code < 500 and said.get("code") not in NOT_TAKEN and not is_nowhere


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `curl http://x/y` b", ["curl http://x/y"]),
        ("```\ncurl a # why\nls\n```", ["curl a # why"]),
        ("```sh\ncurl a -d '{\n1}'\ncurl b\n```", ["curl a -d '{\n1}'", "curl b"]),
        ("```\ncurl a \\\n  -d 1\n```", ["curl a   -d 1"]),
    ],
)
def test_commands_are_read_as_a_shell_reads_them(text: str, expected: list[str]) -> None:
    assert list(commands(text)) == expected
