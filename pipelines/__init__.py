"""Pipelines: validated tables to tracked models. Never imports `stages`; the two meet in `data/`."""

import os

from pipelines import files

# Before Prefect reads its settings: no telemetry, and everything it writes stays in the project.
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_HOME", str(files.PREFECT_HOME))
# Prefect's own messages, tracebacks among them, go to its UI; a terminal shows what the pipelines report.
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
