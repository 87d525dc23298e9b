"""Whatever is asked, allowed by the document or not, is answered as described, and by no error of ours.

Schemathesis draws the requests from the OpenAPI documents, with a seed; real servers answer from real databases.
"""

import asyncio
import os
from collections.abc import AsyncIterator

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from chassis.health import Health
from chassis.runtime import Runtime
from chassis.web import create_app
from deploy.local.ports import HOST, free_port
from tests.access.services import NAMES, compose
from tests.conftest import RuntimeOf, bearer, key_of, runtime_applications
from tests.running import until

EXAMPLES = int(os.environ.get("EXAMPLES", "3"))
"""For each operation and each mode: what its document allows, and what it does not. `make asked` has more of them."""
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]


@schemathesis.serializer("message/rfc822")
def _mail(_: object, value: object) -> object:
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(params=NAMES)
async def runtime(request: pytest.FixtureRequest, runtime_of: RuntimeOf) -> Runtime:
    return await runtime_of(compose(request.param))


@pytest.fixture
async def url(runtime: Runtime) -> AsyncIterator[str]:
    """A real server: schemathesis asks from a thread of its own."""
    app, port = create_app(runtime_applications[id(runtime)], runtime, Health(ready=True, started=True)), free_port()
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: asyncio.sleep(0, server.started), patience_s=10)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    await serving


@pytest.mark.timeout(3_600)  # bounded by EXAMPLES
@pytest.mark.filterwarnings("ignore")
async def test_whatever_is_asked_is_answered_as_described(runtime: Runtime, url: str) -> None:
    headers = bearer(await key_of(runtime))
    document = httpx.Response(200, content=(await _document(url))).json()
    found = await asyncio.to_thread(_all_asked, document, url, headers)
    assert not found, "\n\n".join(found)


async def _document(url: str) -> bytes:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}/openapi.json")).content


def _all_asked(document: dict[str, object], url: str, headers: dict[str, str]) -> list[str]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=url)
    found = []
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _asked(operation, mode, headers)
            except Unsatisfiable:  # nothing that could be sent there would be wrong
                continue
            except (BaseExceptionGroup, Exception) as error:  # noqa: BLE001 all findings are wanted at once
                found.append(f"{operation.label} {mode.value}: {type(error).__name__}: {str(error)[:1500]}")
    return found


def _asked(operation: object, mode: GenerationMode, headers: dict[str, str]) -> None:
    @seed(8)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))  # type: ignore[attr-defined]  # schemathesis has no name for it
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)

    ask()
