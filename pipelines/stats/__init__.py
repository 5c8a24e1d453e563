"""Statistics of numbers: moments, estimates, intervals, tests of normality, and a summary in words."""
