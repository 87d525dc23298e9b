"""What people buy: articles with sisters (other colours, sizes), and the lines of an order. Amounts in minor units."""

from random import Random
from typing import NamedTuple

from contracts.vocabulary import OrderLine
from storefront.simulation.dice import happens

COLOURS = ("sage", "terracotta", "indigo", "sand", "charcoal")
SIZES = ("S", "M", "L", "XL")
FREE_SHIPPING_FROM_MINOR = 6_000
COUPON = "HELLO10"


class Article(NamedTuple):
    """One thing the shop sells; every article comes in colours, clothes in sizes too."""

    product_id: str
    title: str
    category: str
    price_minor: int
    sized: bool = False


ARTICLES = (
    Article("p-101", "Linen shirt", "clothes", 5_900, sized=True),
    Article("p-102", "Wool cardigan", "clothes", 8_900, sized=True),
    Article("p-103", "Rain jacket", "clothes", 12_900, sized=True),
    Article("p-104", "Merino socks, three pairs", "clothes", 2_490, sized=True),
    Article("p-201", "Stoneware mug", "kitchen", 1_690),
    Article("p-202", "Cast-iron pan", "kitchen", 6_450),
    Article("p-203", "Salad bowl", "kitchen", 3_290),
    Article("p-204", "Tea towel, set of two", "kitchen", 1_450),
    Article("p-301", "Throw blanket", "living", 7_990),
    Article("p-302", "Cushion cover", "living", 2_250),
    Article("p-303", "Table lamp", "living", 9_450),
    Article("p-304", "Wall clock", "living", 4_990),
    Article("p-401", "Watering can", "garden", 3_150),
    Article("p-402", "Folding chair", "garden", 11_500),
    Article("p-403", "Plant pot", "garden", 1_990),
)
POPULARITY = tuple(1 / (1 + place) ** 0.5 for place in range(len(ARTICLES)))


def lines_of(order_id: str, dice: Random, *, coupon: bool) -> tuple[OrderLine, ...]:
    """One to four lines."""
    count = dice.choices((1, 2, 3, 4), (52, 28, 14, 6))[0]
    return tuple(_line(f"{order_id}-l{number}", dice, coupon=coupon) for number in range(1, count + 1))


def _line(line_id: str, dice: Random, *, coupon: bool) -> OrderLine:
    article = dice.choices(ARTICLES, POPULARITY)[0]
    quantity = dice.choices((1, 2, 3, 4), (78, 14, 5, 3))[0]
    variant = {"colour": dice.choice(COLOURS)} | ({"size": dice.choice(SIZES)} if article.sized else {})
    full = article.price_minor * quantity
    discount = full // 10 if coupon else 0
    return OrderLine(
        line_id=line_id,
        sku="-".join((article.product_id, *variant.values())),
        quantity=quantity,
        unit_price_minor=article.price_minor,
        paid_minor=full - discount,
        product_id=article.product_id,
        title=article.title,
        variant=variant,
        category=article.category,
        discount_minor=discount,
    )


def sister(variant: dict[str, str], dice: Random) -> dict[str, str]:
    """The same article in another colour."""
    others = [colour for colour in COLOURS if colour != variant["colour"]]
    return variant | {"colour": dice.choice(others)}


def shipping_minor(goods_minor: int, *, abroad: bool, dice: Random) -> int:
    """What sending costs the customer; now and then it is a present."""
    if goods_minor >= FREE_SHIPPING_FROM_MINOR or happens(dice, 0.03):
        return 0
    return 990 if abroad else 490
