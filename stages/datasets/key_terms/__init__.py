"""Data set `key_terms`: mark the key terms of an abstract. Built-in: stages/texts/abstracts.py; public: Inspec.

Raw layout of both, as Inspec is published: one archive, here `abstracts`, with an archive each for `Training`,
`Validation` and `Test`; in those, for each document number, `N.abstr` (title and abstract) and `N.uncontr` (key terms
as free phrases, split by `;`). Lines are folded anywhere, so every run of white space counts as one blank.
"""
