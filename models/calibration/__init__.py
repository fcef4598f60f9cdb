"""Corrections learnt on the validation split: temperature, bias, intervals."""
