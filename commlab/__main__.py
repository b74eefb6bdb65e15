"""`python -m commlab` is the command `commlab`."""

from commlab.cli import main

if __name__ == "__main__":
    main()
