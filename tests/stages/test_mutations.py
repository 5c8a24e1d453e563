"""The mutation check: whatever a faulty reader or a broken file does to a data set, its rules notice.

Here every mutation is tried on one data set, and every data set with three at least; `make mutations` tries all.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stages import datasets
from stages.dataset import Prepared, RuleContext, Suite
from stages.errors import StageError
from tests.stages.mutations import arrays, tables
from tests.stages.mutations.check import Check, same
from tests.stages.mutations.matrix import MUTATIONS, Found, Verdict, examine, examine_all, passes, share, table
from tests.stages.mutations.roles import ROLES
from tests.stages.mutations.subject import Case, Mutation, Subject, builtin, public
from tests.stages.rule_runs import run

pytestmark = pytest.mark.slow

FEWEST = 3  # mutations of a data set
SELDOM = ("images", "images_jpeg")  # mirrors lack the one, the other takes minutes: `make mutations` tries it


def test_every_data_set_and_column_has_a_role() -> None:
    """A data set that nobody described would not be tried at all."""
    assert set(ROLES) == set(datasets.names()), "each data set needs a tests/stages/datasets/<data set>/roles.py"
    for name, roles in ROLES.items():
        dataset = datasets.find(name)
        assert list(roles.columns) == list(dataset.columns), name
        assert bool(roles.parts) == bool(dataset.arrays), name
        named = {column for names in roles.names for column in names.where.split("+")}
        assert named | set(chain.from_iterable(roles.together)) <= set(roles.columns), name


@cache
def check_of(name: str) -> Check:
    return Check(builtin(datasets.find(name), ROLES[name]))


def first_that_matters(check: Check, mutation: Mutation, turn: int) -> Found | None:
    """The verdict on one case of the mutation, beginning with the one whose turn it is."""
    cases = list(mutation.cases(check.subject))
    verdicts = (examine(check, mutation, case) for case in islice(cycle(cases), turn, turn + len(cases)))
    return next((found for found in verdicts if found.verdict != "harmless"), None)


READ_ALIKE = ("CRLF",)  # the tables are the same: every reader takes line ends of other systems


@pytest.fixture(scope="module")
def tried() -> list[Found]:
    """Each mutation on a data set that was least tried so far, then more of them where a data set had too few."""
    results: list[Found] = []
    counts = dict.fromkeys(ROLES, 0)

    def attempt(number: int, names: Iterable[str]) -> None:
        for name in names:
            if found := first_that_matters(check_of(name), MUTATIONS[number], number):
                results.append(found)
                counts[name] += 1
                return

    for number in range(len(MUTATIONS)):
        attempt(number, sorted(counts, key=counts.__getitem__))
    for place, name in enumerate(counts):
        for number in islice(cycle(range(len(MUTATIONS))), place, place + len(MUTATIONS)):
            if counts[name] < FEWEST:
                attempt(number, [name])
    return results


@pytest.mark.parametrize("mutation", [mutation.name for mutation in MUTATIONS])
def test_a_mutation_is_caught(tried: list[Found], mutation: str) -> None:
    cases = [found for found in tried if found.mutation == mutation]
    assert bool(cases) == (mutation not in READ_ALIKE)
    assert [found for found in cases if found.verdict != "caught" and not found.listed] == []


def test_every_data_set_was_tried(tried: list[Found]) -> None:
    counts = Counter(found.dataset for found in tried)
    assert min(counts[name] for name in ROLES) >= FEWEST, counts


# -- the check itself: it must see what is there, and nothing that is not


@pytest.fixture(scope="module")
def sentences() -> Subject:
    return builtin(datasets.find("sentences"), ROLES["sentences"])


def mutation(name: str) -> Mutation:
    return next(mutation for mutation in MUTATIONS if mutation.name == name)


def verdicts(subject: Subject, name: str) -> list[Found]:
    check = Check(subject)
    return [examine(check, mutation(name), case) for case in mutation(name).cases(subject)]


def with_rules(subject: Subject, rules: Callable[[RuleContext[Any]], list[Suite]]) -> Subject:
    return replace(subject, dataset=replace(subject.dataset, rules=rules))


def no_rules(given: RuleContext[Any]) -> list[Suite]:
    return []


def test_without_rules_nothing_but_the_shape_is_caught(sentences: Subject) -> None:
    bare = with_rules(sentences, no_rules)
    assert {found.verdict for found in verdicts(bare, "column dropped")} == {"caught"}
    assert {found.verdict for found in verdicts(bare, "shuffled")} == {"not caught", "harmless"}
    assert {found.by for found in verdicts(bare, "leaked")} == {"every rule holds"}


def test_what_stops_with_another_error_is_not_caught(sentences: Subject) -> None:
    def stops(given: RuleContext[Any]) -> list[Suite]:
        raise KeyError("corpus")

    assert [found.by for found in verdicts(with_rules(sentences, stops), "row lost")] == [
        "the rules stop with KeyError('corpus')"
    ] * 3

    def refuses(given: RuleContext[Any]) -> list[Suite]:
        raise StageError("there are rows missing")

    assert {found.verdict for found in verdicts(with_rules(sentences, refuses), "row lost")} == {"caught"}

    def unread() -> Prepared:
        raise ValueError("no number")

    found = examine(Check(sentences), mutation("file cut"), Case("polarity", unread))
    assert (found.verdict, found.by) == ("not caught", "the reader stops with ValueError('no number')")


def test_a_rule_that_good_data_break_shows_nothing(sentences: Subject) -> None:
    import great_expectations.expectations as gxe

    def always_fails(given: RuleContext[Any]) -> list[Suite]:
        rule = gxe.ExpectTableRowCountToEqual(value=1, description="there is one row")
        return [Suite("train", given.tables["train"], [rule])]

    check = Check(with_rules(sentences, always_fails))
    assert check.good_data_break() == ["train: there is one row"]
    with pytest.raises(ValueError, match="sentences: the good data break `train: there is one row`"):
        list(examine_all(check))


def test_the_first_failing_rule_is_one_that_the_stage_finds(sentences: Subject) -> None:
    """The short cuts change no verdict: Great Expectations run in full, as the stage does, agrees."""
    case = next(mutation("leaked").cases(sentences))
    found, broken = examine(Check(sentences), mutation("leaked"), case), case.make()
    given = RuleContext("builtin", sentences.options, broken.tables, broken.facts)
    outcomes = run(sentences.dataset.rules(given), sentences.dataset)
    assert found.by in {f"{table}: {rule}" for (table, rule), outcome in outcomes.items() if not outcome.success}


def test_order_numbers_and_names_of_groups_do_not_matter_and_all_else_does(sentences: Subject) -> None:
    good = sentences.prepared
    rows = good.tables["val"]

    def is_same(changed: pd.DataFrame) -> bool:
        return same(sentences, good, sentences.changed("val", changed))

    turned = rows.iloc[::-1].reset_index(drop=True)
    assert is_same(turned.assign(id=rows["id"] + 7))
    assert is_same(rows.assign(pair=rows["pair"].map(lambda pair: pair if pair < 0 else 500 - pair)))
    assert not is_same(rows.assign(id=5))
    assert not is_same(rows.iloc[1:])
    assert not is_same(rows.assign(pair=rows["pair"].astype(float)))
    assert not is_same(rows.assign(text=rows["text"].str.replace("the", "a", n=1)))
    one, other = rows.index[rows["pair"] == 0][0], rows.index[rows["pair"] == 1][0]
    pairs = rows["pair"].to_list()
    pairs[one], pairs[other] = pairs[other], pairs[one]
    assert not is_same(rows.assign(pair=pairs))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers in the other byte order have no mean
def test_a_mutation_leaves_the_good_data_alone() -> None:
    for name in ("sentences", "long_memory"):
        subject = builtin(datasets.find(name), ROLES[name])
        for each in (*tables.MUTATIONS, *arrays.MUTATIONS):
            for case in each.cases(subject):
                case.make()
        again = subject.read(subject.raw)
        for table_name, rows in again.tables.items():
            pd.testing.assert_frame_equal(subject.prepared.tables[table_name], rows)
            for key, array in again.arrays.get(table_name, {}).items():
                assert np.array_equal(array, subject.prepared.arrays[table_name][key])


def found(dataset: str, name: str, verdict: Verdict, listed: str = "") -> Found:
    return Found(dataset, "builtin", name, "train", verdict, "a rule", listed)


def test_the_table_counts_pairs_and_names_what_is_missed() -> None:
    results = [
        found("slots", "hole", "caught"),
        found("slots", "hole", "caught"),
        found("slots", "leaked", "caught"),
        found("slots", "leaked", "not caught"),
        found("slots", "CRLF", "harmless"),
        found("speech", "hole", "caught"),
        found("speech", "hole", "harmless"),
    ]
    lines = table(results).splitlines()
    signs = {line[:26].strip(): line[26:].split() for line in lines if line[:1].isalpha()}
    assert signs["hole"] == ["2", "1"]
    assert signs["leaked"] == ["1/2!", "-"]
    assert signs["CRLF"] == ["=", "-"]
    assert "not caught: slots / leaked / train: a rule; a gap" in lines
    assert lines[-1].startswith("2 of 3 pairs of data set and mutation that matter are caught (66.67%), 4 of 5 cases;")


@pytest.mark.parametrize(
    ("missed", "listed", "passing"), [(0, "", True), (1, "why", True), (1, "", False), (2, "why", False)]
)
def test_nearly_all_must_be_caught_and_the_rest_be_listed(missed: int, listed: str, passing: bool) -> None:
    caught = [found(f"set {number}", "hole", "caught") for number in range(100 - missed)]
    results = caught + [found(f"odd {number}", "hole", "not caught", listed) for number in range(missed)]
    assert share(results) == (100 - missed, 100)
    assert passes(results) == passing
    assert not passes([])


def test_what_is_not_caught_is_looked_up_in_the_list(sentences: Subject) -> None:
    unseen = {"builtin/leaked/v*": "nobody can know"}
    bare = replace(with_rules(sentences, no_rules), roles=replace(sentences.roles, unseen=unseen))
    assert {case.where: case.listed for case in verdicts(bare, "leaked")} == {"val": "nobody can know", "test": ""}


# -- published data


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
@pytest.mark.parametrize("name", [name for name in ROLES if name not in SELDOM])
def test_mutations_of_published_data_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    check = Check(public(datasets.find(name), ROLES[name]))
    assert check.good_data_break() == []
    place = list(ROLES).index(name)
    every = islice(cycle(range(len(MUTATIONS))), place * FEWEST, place * FEWEST + len(MUTATIONS))
    matter = (case for number in every if (case := first_that_matters(check, MUTATIONS[number], number)))
    assert [case for case in islice(matter, FEWEST) if case.verdict != "caught" and not case.listed] == []
