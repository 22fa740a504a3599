"""Portero: an admission webhook for plain Docker.

Imports: nothing of Portero.
"""

__version__ = "0.1.0"
# Where the pages of a release are on the web, without a slash at the end; empty: links to them are left out.
__address__ = ""
