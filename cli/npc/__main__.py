"""`python -m npc`."""

from npc.app import main

if __name__ == "__main__":
    main()
