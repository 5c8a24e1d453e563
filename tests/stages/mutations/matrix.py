"""Every mutation on every data set, what became of each, and all of it as a table."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from typing import Literal

from params import Source
from stages.errors import StageError
from tests.stages.mutations import arrays, files, tables
from tests.stages.mutations.check import Check, CrashError, same
from tests.stages.mutations.subject import Case, Mutation

MUTATIONS: tuple[Mutation, ...] = (*tables.MUTATIONS, *arrays.MUTATIONS, *files.MUTATIONS)
LEAST_CAUGHT = 0.99  # share of the pairs of data set and mutation that matter

Verdict = Literal["caught", "harmless", "not caught"]


@dataclass(frozen=True)
class Found:
    """What became of one case."""

    dataset: str
    source: Source
    mutation: str
    where: str
    verdict: Verdict
    by: str  # the rule or the message that caught it; why it was not caught
    listed: str = ""  # why it cannot be caught, where that is known


def examine(check: Check, mutation: Mutation, case: Case) -> Found:
    """Break the data, and see whether reader or rules notice."""
    subject = check.subject

    def found(verdict: Verdict, by: str) -> Found:
        listed = "" if verdict != "not caught" else _listed(check, mutation, case)
        return Found(subject.dataset.name, subject.source, mutation.name, case.where, verdict, by, listed)

    with warnings.catch_warnings(action="ignore"):  # broken numbers make numpy warn
        try:
            broken = case.make()
        except StageError as error:
            return found("caught", f"the reader refuses: {error}")
        except Exception as error:
            return found("not caught", f"the reader stops with {error!r}")
        if same(subject, subject.prepared, broken):
            return found("harmless", "")
        try:
            rule = check.caught_by(broken)
        except StageError as error:
            return found("caught", f"the rules refuse: {error}")
        except CrashError as error:
            return found("not caught", str(error))
    return found("caught", rule) if rule else found("not caught", "every rule holds")


def _listed(check: Check, mutation: Mutation, case: Case) -> str:
    key = f"{check.subject.source}/{mutation.name}/{case.where}"
    return next((why for listed, why in check.subject.roles.unseen.items() if fnmatchcase(key, listed)), "")


def examine_all(check: Check, most: int | None = None) -> Iterator[Found]:
    """Every mutation of one data set, in at most so many cases each."""
    for mutation in MUTATIONS:
        for case in islice(mutation.cases(check.subject), most):
            yield examine(check, mutation, case)


def verdict_of(cases: Iterable[Found]) -> Verdict | None:
    """Of a pair of data set and mutation: it is caught if each of its cases is that matters; None: it has no case."""
    verdicts = {case.verdict for case in cases}
    return next((verdict for verdict in ("not caught", "caught", "harmless") if verdict in verdicts), None)


# -- as a table


def table(found: list[Found]) -> str:
    """A row per mutation, a column per data set; below, what was not caught, and what the signs mean."""
    names = sorted({case.dataset for case in found})
    pairs = {
        (mutation.name, name): [case for case in found if (case.mutation, case.dataset) == (mutation.name, name)]
        for mutation in MUTATIONS
        for name in names
    }
    width = max(len(mutation.name) for mutation in MUTATIONS)
    lines = [f"{number:2} {name}" for number, name in enumerate(names, start=1)]
    lines += ["", " " * width + "".join(f"{number:7}" for number in range(1, len(names) + 1))]
    for mutation in MUTATIONS:
        lines.append(f"{mutation.name:{width}}" + "".join(f"{_sign(pairs[mutation.name, name]):>7}" for name in names))
    missed = [case for case in found if case.verdict == "not caught"]
    lines += ["", *(f"not caught: {case.dataset} / {case.mutation} / {case.where}: {_why(case)}" for case in missed)]
    return "\n".join([*lines, *_legend(), report_text(found)])


def _sign(cases: list[Found]) -> str:
    """How many cases of a pair were caught."""
    verdict, caught = verdict_of(cases), sum(case.verdict == "caught" for case in cases)
    mattering = caught + sum(case.verdict == "not caught" for case in cases)
    return {None: "-", "harmless": "=", "caught": f"{caught}", "not caught": f"{caught}/{mattering}!"}[verdict]


def _why(case: Found) -> str:
    return f"{case.by}; {case.listed or 'a gap'}"


def _legend() -> list[str]:
    return [
        "",
        "5     five cases (tables, columns, files), all caught",
        "4/5!  one of five was not",
        "=     harmless by construction: the same was read, up to order and numbers of rows and names of groups",
        "-     does not apply: the data set lacks what the mutation needs",
        *(f"      {mutation.name}: {mutation.says}; needs {mutation.needs}" for mutation in MUTATIONS),
        "",
    ]


def share(found: list[Found]) -> tuple[int, int]:
    """Pairs of data set and mutation that are caught, of those that matter."""
    pairs: dict[tuple[str, str], list[Found]] = {}
    for case in found:
        pairs.setdefault((case.dataset, case.mutation), []).append(case)
    verdicts = [verdict_of(cases) for cases in pairs.values()]
    return verdicts.count("caught"), verdicts.count("caught") + verdicts.count("not caught")


def report_text(found: list[Found]) -> str:
    caught, pairs = share(found)
    verdicts = [case.verdict for case in found]
    cases = verdicts.count("caught"), verdicts.count("caught") + verdicts.count("not caught")
    return (
        f"{caught} of {pairs} pairs of data set and mutation that matter are caught ({caught / max(1, pairs):.2%}), "
        f"{cases[0]} of {cases[1]} cases; {verdicts.count('harmless')} cases more are harmless"
    )


def passes(found: list[Found]) -> bool:
    """Something was tried, nearly all is caught, and what is not is listed with its reason."""
    caught, pairs = share(found)
    return (
        pairs > 0
        and caught >= LEAST_CAUGHT * pairs
        and all(case.listed for case in found if case.verdict == "not caught")
    )
