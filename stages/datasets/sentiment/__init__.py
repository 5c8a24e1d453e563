"""Data set `sentiment`: is a film review favourable? Built-in: stages/texts/reviews.py; public: SST-2.

Raw layout of both, as SST-2 is published by clairett: `train.tsv`, `dev.tsv`, `test.tsv`, lines of `text<TAB>label`
without a header, 1 being favourable. The built-in files have a third field, what makes the review hard.
"""
