"""What must be there after a chaos run, computed from the raw topics and from nothing else.

Imports only the standard library and was written from the documents, never from the code that it judges: two readings
of the same rules that agree are worth more than one. The contract is `tests/chaos/README.md`. What it does not name is
refused (`envelope.OutsideScenario`), so that a wider scenario cannot pass by being overlooked.
"""
