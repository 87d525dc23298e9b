"""The early warning: how likely it is that a promise will be missed, learned from this shop's own closed days.

Pure. Days are the destination's calendar days; counts are integers; a chance is a float from 0 to 1, rounded to
thousandths before it decides anything. The method and its constants follow a study of recorded orders in which small
tables of counts, learned online, did as well as a boosted model with hindsight (docs/decisions/0014).
"""
