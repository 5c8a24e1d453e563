"""Results as `validate` writes them, for the tests of what is made of them."""

from typing import Any


def entry(rule: str, **more: Any) -> dict[str, Any]:
    plain = {"table": "val", "expectation": "expect", "severity": "critical", "limits": {}, "success": True}
    return {**plain, "rule": rule, "observed": None, "failing": 0, "ids": [], "rows": [], **more}


def result(**more: Any) -> dict[str, Any]:
    """A result as `validate` makes it: one rule fails, one warns, one holds."""
    bad = {"success": False, "failing": 1, "ids": [7], "rows": [{"id": 7, "text": "<script>A</script>"}]}
    return {
        "dataset": "slots",
        "source": "builtin",
        "success": False,
        "rows": {"val": 1234},
        "rules": 3,
        "failed": 1,
        "warned": 1,
        "warnings": [{"table": "val", "rule": "few intents", "observed": 26}],
        "quarantined": {},
        "quarantine": {"limit": None, "over": "", "rows": []},
        "drift": {"profile": None, "warn": 0.1, "stop": 0.25, "differences": [], "columns": []},
        "expectations": [
            entry("no id is repeated"),
            entry("few intents", success=False, severity="warning", observed=26),
            entry("text is lower-case", **bad),
        ],
        **more,
    }
