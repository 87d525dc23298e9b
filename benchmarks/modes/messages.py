"""The facts of orders as pydantic models, as a FastStream application would declare its messages."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class LineMessage(BaseModel):
    """A line: what was paid, or what is given back."""

    line_id: str
    quantity: int = 1
    paid_minor: int = 0
    amount_minor: int = 0


class OrderMessage(BaseModel):
    """Any fact of an order; which one it is stands in the header `ce_type`."""

    model_config = ConfigDict(extra="ignore")

    customer_id: str
    order_id: str
    occurred_at: datetime | None = None
    currency: str = "EUR"
    lines: list[LineMessage] = []
    refund_id: str = ""
    issue_id: str = ""
