"""A service small enough to be read at a glance, for the tests of the chassis.

An order is confirmed when it is placed, and completed an hour later unless its parcel was lost before. It counts
what it has seen per customer.
"""
