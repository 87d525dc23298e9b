"""A believable shop, invented from a seed: its lanes, people, baskets, orders and everything that goes wrong.

Pure: the same seed says the same, whatever is asked first, because every draw hangs on (seed, entity). Must not know
Kafka or a clock. `storefront.simulator.Shop` is the way in.
"""
