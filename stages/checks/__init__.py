"""Validation: checking rules, quarantine, drift from an accepted profile, and reports."""
