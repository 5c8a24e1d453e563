"""Data set `measurements`: numbers to fit distributions and classes to. Built-in: draws; public: five classics.

Every table is tidy, a row per case and feature: `case` counts the things measured, `group` is what they are (a class,
a sex, a series), cases of one `cluster` depend on each other, `split` says what a classifier is trained on. A matrix
is `table.pivot_table(index="case", columns="feature", values="value")`.

Tables: `gaussian`, `outliers`, `skewed`, `classes-2d`, `classes-7d` built-in (origin/draws.py); `michelson`, `newcomb`,
`cavendish`, `galton`, `pokemon` public (origin/sets.py). The raw files of the two sources have layouts of their own.
"""
