"""Data set `long_memory`: what stands early in a long sequence decides what is asked at its end.

- `adding-<T>`: T numbers, uniform in [0, 1), two of them marked, one in each half; asked for is the sum of the two
  (Hochreiter and Schmidhuber 1997, 5.4, in the form of Le, Jaitly and Hinton 2015). Whoever always says 1 has a mean
  squared error of 1/6.
- `order-<T>`: E, many of a, b, c and d, then B; an X or Y is among them at about 0.15 T, another at about 0.55 T. Asked
  for is the class XX, XY, YX or YY (the same, 5.6, task 6a). As published, whose T is 100, a sequence has T to 1.1 T
  symbols.
- `digits`: scikit-learn's 1,797 images of digits, 8 x 8, read pixel by pixel: 64 steps. Their writers are not known, so
  train and test may share some.
- `mnist`, public: 784 steps. The last 5,000 images of train are val.

A table per task, its splits told by the column `split`; row i of the table has row i of the arrays. `values` (float32)
are the numbers of the adding problem, `codes` (uint8) symbols or pixels; of the two a task has one, the other has no
columns. What would be zeros mostly is not stored: `first` and `second` say which steps are marked or relevant (from 0;
-1 in images). `length` says how many steps are the sequence, the rest of a row being padding. `target` is the sum, or
the number of the class that `label` names; `mean` is over the steps: an image's brightness.

The card says what the codes mean and in which order `permuted` reads an image, `codes[:, permutation]`: there is one
copy of the images, and every run reads them in the same order.

Train is stored as val and test are, so that a seed means one data set. A trainer that wants more of it can draw all
numbers of the adding problem anew, and the letters a to d: the marks and the classes stay.
"""
