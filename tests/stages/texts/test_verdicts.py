"""Words that praise or blame tell whether the labels of reviews are theirs."""

import pandas as pd

from stages.rules.verdicts import verdict_errors, verdicts_suite

PRAISE, BLAME, BOTH = "a moving film .", "a dull plot .", "not dull , it is moving ."


def reviews(*rows: tuple[str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["text", "label"])


def test_only_reviews_that_praise_or_blame_more_count() -> None:
    tables = {
        "train": reviews((PRAISE, 1), (BLAME, 0), (BOTH, 0), ("a film .", 0)),
        "val": reviews((PRAISE, 0), (BLAME, 1), (BOTH, 1)),
        "test": reviews((PRAISE, 1), (BLAME, 1), (f"{BOTH} {BLAME}", 0), (BOTH, 1)),
        "empty": reviews((BOTH, 1)),
    }
    rows = verdicts_suite(tables, "public").rows
    assert rows["split"].to_list() == list(tables)
    assert rows["judged"].to_list() == [2, 2, 3, 0]
    assert rows["agreeing"].to_list() == [1, 0, 2 / 3, 0]


def test_a_remark_has_the_verdict_of_its_word_turned_where_it_is_negated() -> None:
    rows = reviews(
        ("the film is not good", 0), ("the film is not bad", 0), ("the film is good", 1), ("it is not fun", 1)
    )
    assert verdict_errors(rows) == ["", "the remark's verdict is 1", "", ""]


def test_a_drawn_review_has_one_partner_of_the_other_verdict_or_words_of_its_own() -> None:
    turned = "not moving , it is dull ."
    rows = reviews(
        (BOTH, 1), (turned, 0), (PRAISE, 1), (BLAME, 1), ("a b", 1), ("b a", 1), ("c", 0), ("c", 1), ("c", 0)
    )
    assert verdict_errors(rows) == [
        *("", "", ""),
        "dull in a review with label 1",
        *["2 of 2 are favourable"] * 2,
        *["1 of 3 are favourable"] * 3,
    ]
