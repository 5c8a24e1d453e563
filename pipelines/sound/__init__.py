"""Waveforms: read from files, turned into features, batched."""
