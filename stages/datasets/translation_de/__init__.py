"""Data set `translation_de`: English to German. Built-in: a synchronous grammar of captions; public: Multi30k, task 1.

Tables have a row per pair, `id` being the line number in the files. Multi30k is taken as published, untokenised and
with case, in its own split (test is `test_2016_flickr`), with one change: in 131 lines white space is not as it should
be (blanks at an end, double and non-breaking blanks, one tab), and each run of it becomes one blank; the card counts
these lines. What else is odd stays and is listed in rules.py.

Raw: `<name>.en.gz` and `<name>.de.gz` as published, or `<split>.en` and `<split>.de`: a sentence per line, lines that
belong together having one number.
"""
