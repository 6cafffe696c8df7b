"""Texts that documents of tests are made of."""

from __future__ import annotations

_WORDS = "mill tower bridge chapel granary smithy harbour gate well market kiln forge"
PARAGRAPHS = [
    f"Paragraph {number} tells of the {word} that stood by the river for {number + 40} years, until the flood of the "
    f"third winter took it. People of the {word} still speak of {number * 7} lanterns that were seen that night, and "
    f"of a ferry that carried nobody. Old Otto says that the {word} will be built again when the reeds turn white."
    for number, word in enumerate(_WORDS.split(" "))
]
MILL = "# The mill\n\nThe mill burns every winter.\n"
TOWER = "# The tower\n\nThe tower has no door.\n"
UNREADABLE = b"---\nrequires: {a: 1}\n---\nThe mill."


def chronicle(*changed: tuple[int, str]) -> str:
    """A document of twelve long paragraphs, some of them exchanged."""
    paragraphs = list(PARAGRAPHS)
    for number, text in changed:
        paragraphs[number] = text
    return "# The chronicle\n\n" + "\n\n".join(paragraphs)
