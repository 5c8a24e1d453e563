"""Runs: a folder and a fingerprint each, trained side by side, tracked, compared, promoted and served."""
