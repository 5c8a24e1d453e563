"""What users add to their own data sets, which section `own` of params.yaml names. All of it is optional.

`<name>.py`        a function `rules(context)`, which returns suites as `stages/formats/rules/` does
`<name>.json`      a suite of Great Expectations' in JSON, checked on every table
`profiles/`        what `python -m stages accept <name>` writes: the profile that later versions are compared with
"""
