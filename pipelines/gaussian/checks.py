"""Mathematics that is run: a step of an argument, with checks that the computer made of it."""

import re
from dataclasses import dataclass

import sympy as sp  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Check:
    """A statement, what the computer found when it tried it, and whether that bears it out."""

    says: str
    found: str
    holds: bool


@dataclass(frozen=True)
class Step:
    """A step of the argument."""

    title: str
    text: str
    formulas: tuple[str, ...]  # LaTeX
    checks: tuple[Check, ...]


def equal(says: str, found: sp.Expr, expected: sp.Expr) -> Check:
    """Whether two expressions are the same, shown as sympy found the first."""
    return Check(says, f"${latex(found)}$", bool(sp.simplify(found - expected) == 0))


def close(says: str, found: float, expected: float, tolerance: float) -> Check:
    apart = abs(found - expected)
    return Check(says, f"{found:.12g}, {apart:.0e} off", bool(apart <= tolerance))


def latex(expression: sp.Basic) -> str:
    """As mathtext draws it."""
    return re.sub(r"\{?\\left\(([\w +-]+?) \\right\)\}?", r"(\1)", str(sp.latex(expression)))
