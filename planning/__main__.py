"""``python -m planning`` is the command ``planning``."""

from planning.cli import main

if __name__ == "__main__":
    main()
