"""Figures counted in the engine: Ibis expressions that end in small frames.

Importing the package loads nothing heavy: each public name is imported when it is first used.

Example:
    >>> import commlab as cl
    >>> "retention" in dir(cl.metrics)
    True
"""

from commlab import lazy

lazy.attach(__name__)
