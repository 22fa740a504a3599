"""`python -m portero` is the command `portero`."""

from portero.tools.cli import main

main(prog_name="portero")
