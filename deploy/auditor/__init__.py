"""An outsider who trusts nobody here: reads the files of a replay and judges whether people were told as promised."""
