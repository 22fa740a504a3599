"""The command line: `portero COMMAND`, one module a command.

Exit status everywhere: 0 all allowed or clean, 1 something is refused or violated, 2 error.
Imports: any group.
"""

from portero.cli.commands import main

__all__ = ["main"]
