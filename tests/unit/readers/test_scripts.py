"""Yarn Spinner and Ink: what a player can read is kept, the machinery is not."""

from __future__ import annotations

import pytest

from npcops.errors import UnreadableDocument
from npcops.readers import read_document

YARN = r"""#file-tag
title: Ferry_Crossing
tags: river talk
position: 10,20
---
<<declare $paid = false>>
// a note of the writer
Wenna: Step in the middle. #line:0a1 #sad
Wenna: You have {$gold_coins} chips. // half of it is true
    -> Pay the fare. <<if $gold > 1>> #line:0a2
        Wenna: [wave]Manners.[/wave] I had [b]heard[/b] of them.
    -> [[Ask about the chain.|Chain]]
=> Wenna: [select value={$g} m="He" f="She" /] tips.
<<jump Chain>>

Wenna: Say \#1 and \[sic\], see http://x.example
===
title: Empty
---
<<stop>>
===
title: Chain
---
We had a rope.
===
"""


def read(name: str, text: str) -> list[tuple[tuple[str, ...], str]]:
    return [(section.headings, section.text) for section in read_document(name, text.encode(), None).sections]


def test_yarn_nodes_and_lines() -> None:
    assert read("ferry.yarn", YARN) == [
        (
            ("Ferry Crossing",),
            "Wenna: Step in the middle.\nWenna: You have gold coins chips.\n- Pay the fare.\n"
            "Wenna: Manners. I had heard of them.\n- Ask about the chain.\n- Wenna: He/She tips.\n\n"
            "Wenna: Say #1 and [sic], see http://x.example",
        ),
        ((), "Empty"),
        (("Chain",), "We had a rope."),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Wenna: no node here", "no node"),
        ("tags: a\n---\ntext\n===", "title"),
        ("title: A\nknown_by: hobb\n---\ntext\n===", "sidecar"),
        ("title: A\n---\ntext\n===\ntitle: B\nrequires: x\n---\ntext\n===", "sidecar"),
    ],
)
def test_broken_yarn_is_explained(text: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        read("a.yarn", text)


INK = r"""# title: The lamp room
# author: nobody
INCLUDE other.ink
VAR met_keeper = false
LIST moods = calm, angry
/* a note
   over lines */
-> lamp_room

=== lamp_room ===
The lamp room is round. # smell
TODO: describe the hum
~ met_keeper = true
"Mind {the third|the fourth} stair," says Dorrity. // softly
* "Hello[."]," I said. -> stair
+ (again) {met_keeper} {not angry} Look at the wall -> stair
    ** [Say nothing] She waits.
- - (gathered) You have {gold_coins} chips{met_keeper: and her trust| and no friend}. <>
-> DONE
= stair(depth)
{ stopping:
- Konrad: It is dark.
- Konrad: It is darker.
}
{
- met_keeper: She nods.
- else: She stares.
}
{met_keeper:
    She smiles.
- else:
    She frowns.
}
Price \[in chips\]: {price()} {~red|white} {&one|two {a|b}}
== function tell(x)
~ return x
"""


def test_ink_knots_stitches_and_text() -> None:
    document = read_document("lamp.ink", INK.encode(), None)
    assert document.title == "The lamp room"
    assert [(section.headings, section.text) for section in document.sections] == [
        (
            ("lamp room",),
            'The lamp room is round.\n\n"Mind the third / the fourth stair," says Dorrity.\n'
            '- "Hello."\n"Hello," I said.\n'
            "- Look at the wall\n- Say nothing\nShe waits.\n"
            "You have gold coins chips and her trust / and no friend.",
        ),
        (
            ("lamp room", "stair"),
            "Konrad: It is dark.\nKonrad: It is darker.\n\nShe nods.\nShe stares.\n\nShe smiles.\n\nShe frowns.\n\n"
            "Price [in chips]: red / white one / two a / b",
        ),
        ((), "tell"),
    ]


@pytest.mark.parametrize("text", ["{" * 60 + "x", "{a|" * 60 + "}" * 60])
def test_ink_braces_have_a_depth(text: str) -> None:
    with pytest.raises(UnreadableDocument, match="nested"):
        read("a.ink", text)


def test_ink_with_a_gate_among_its_tags_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="sidecar"):
        read("a.ink", "# title: A\n# requires: b\nText.")


def test_ink_keeps_unbalanced_braces_and_glued_text() -> None:
    assert read("a.ink", "A } brace {and\nmore") == [((), "A } brace {and\nmore")]


def test_scripts_take_front_matter_and_sidecars() -> None:
    ink = read_document("a.ink", b"---\nrequires: a\n---\nText.", b"forbids: b")
    assert (ink.gate.requires, ink.gate.forbids) == (frozenset({"a"}), frozenset({"b"}))
