"""The ways out of the house: mail servers, and everything that apprise knows. They know nothing of messages or rules.

A provider is given a parcel and says what became of it; it never raises, and no other one is asked where it may have
been handed over.
"""
