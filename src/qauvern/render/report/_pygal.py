"""pygal, without what importing it leaves behind.

For its map plug-ins it appends a finder of the old kind, without find_spec, to sys.meta_path: Python 3.10 and 3.11 warn
of it at every import that fails, and others who walk that list trip over it. No chart here is a map.
"""

import sys

import pygal
from pygal.style import Style

sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

__all__ = ["Style", "pygal"]
