"""`python -m portero` is the command `portero`."""

from portero.cli import main

main(prog_name="portero")
