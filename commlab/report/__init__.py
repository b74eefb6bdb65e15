"""Reports: what a notebook calls, and how it becomes pages that can be forwarded.

A notebook opens its page with `begin`, hands over figures, tables and action lists with `put`,
shows them with `cards`, `actions`, `heading`, `say` and `show`, and closes with `end`. The batch
runs notebooks, `commlab.report.export` makes pages of them and `commlab.report.index` the way in.
"""

from commlab import lazy

lazy.attach(__name__)
