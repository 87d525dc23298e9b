"""Facts of shops and carriers that do not speak Kafka: their hooks, taken over HTTP, said as storefront events.

`hooks` holds what every provider's module is given and gives back; those modules are pure: no HTTP, no database, no
clock, no broker.
"""
