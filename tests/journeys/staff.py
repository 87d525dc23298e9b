"""People of the shop who declare what is wrong for many at once, over HTTP."""

from typing import Any

from tests.journeys.house import House
from tests.running import until

PATH = "/v1/disruptions"
EVE = "care:eve"


async def reached_by(house: House, **concerns: str) -> int:
    """How many customers it would concern."""
    return int((await _declared(house, concerns, dry_run=True))["customers"])


async def declares(house: House, known: str = "Much of it is late.", **concerns: str) -> str:
    """Everybody whom it concerns is called; they look when time goes on. The id of the disruption."""
    disruption_id: str = (await _declared(house, concerns, dry_run=False, known=known))["disruption"]["disruption_id"]
    await _called(house, disruption_id)
    return disruption_id


async def ends(house: House, disruption_id: str) -> None:
    """It is over, and those who were told are called."""
    await _post(house, f"/{disruption_id}/end", actor=EVE)
    await _called(house, disruption_id)


async def _declared(house: House, concerns: dict[str, str], *, dry_run: bool, known: str = "So it is.") -> Any:
    return await _post(house, "", concerns=concerns, known=known, actor=EVE, dry_run=dry_run)


async def _post(house: House, path: str, **body: Any) -> Any:
    answer = await house.clients["orders_listener"].post(PATH + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def _called(house: House, disruption_id: str) -> None:
    async def everybody() -> bool:
        return not (await house.ask("orders_listener", f"{PATH}/{disruption_id}"))["calling"]

    await until(everybody)
