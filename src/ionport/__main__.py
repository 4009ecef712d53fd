"""`python -m ionport` is the command `ionport`."""

from ionport.cli import main

main(prog_name="ionport")
