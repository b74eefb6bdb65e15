"""Truth tests: many made-up worlds, and a count of how often the kit told the truth about them.

`python -m tests.truth NAME --worlds 1000 --write docs/truth/NAME.md` makes one of the tables of
`docs/truth`; `docs/truth/README.md` says how to read them.
"""
