"""Stages: bytes to validated tables. Never imports `pipelines`; the two meet in `data/`."""

import os

# Before any library reads its settings: no telemetry.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "true")
