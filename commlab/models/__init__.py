"""What is inferred from small frames: curves, projections, comparisons, each with its interval.

Importing the package loads nothing heavy: each public name is imported when it is first used.

Example:
    >>> import commlab as cl
    >>> "ShiftedBetaGeometricModel" in dir(cl.models)
    True
"""

from commlab import lazy

lazy.attach(__name__)
