"""Data set `images`: 32 by 32 pixels in colour, what do they show? Built-in: stages/pictures/; public: CIFAR-10.

Raw files of the built-in source: `<task>-<split>.bin`, a record per picture, its label as one byte and then its red,
green and blue values, as CIFAR-10 is published for C programs. The public source is the archive of Python pickles.
See stages/pictures/tables.py for what comes of both, and the data set `images_jpeg` for the copy that mirrors have.
"""
