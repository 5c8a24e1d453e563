"""Validation: rules, quarantine, drift from an accepted profile, and what is reported of them."""
