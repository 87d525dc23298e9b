"""What a service hands to the chassis: itself, its settings, its routes and its background tasks."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from chassis.gauges import Measure
from chassis.runtime import Runtime
from chassis.service import Service
from chassis.settings import ServiceSettings


@dataclass(frozen=True)
class Application:
    """Composed by a service's `app.py`, run by `chassis.main`."""

    service: Service
    settings: ServiceSettings
    routers: Callable[[Runtime], Sequence[APIRouter]]
    background: Sequence[Callable[[Runtime], Coroutine[Any, Any, None]]] = ()
    """Tasks that run beside the worker and are cancelled at its end (the notifier's sender)."""
    shop_name: str | None = None
    """Who signs the customers' pages; for a service that has some."""
    gauges: Sequence[Measure] = ()
    """What of its own is asked for now and then, beside what every service measures."""
