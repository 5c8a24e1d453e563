"""Telling classes apart by a Gaussian for each: linear, quadratic and naive."""
