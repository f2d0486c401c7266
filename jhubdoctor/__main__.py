"""`python -m jhubdoctor`."""

from jhubdoctor.cli import main

main()
