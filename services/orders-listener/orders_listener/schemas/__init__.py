"""Bodies of the orders-listener's HTTP interface."""
