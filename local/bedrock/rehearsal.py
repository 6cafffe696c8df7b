"""What a tuned model must not unlearn: to answer from the note. Mixed in among what it is to learn.

A hundred lines of a character, none of which has a note, teach the model its voice, and to do without notes: unless
these examples were among them, answers from the lore fell from 12 of 12 to 7.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from local.bedrock.prompt import WORKED
from local.bedrock.scene import Example, Scene

# One rehearsed exchange for so many that are learned, and so many of them in one dialogue.
SHARE, TOGETHER = 4, 5
BESIDE = 0.5

AUTHORED = (
    Example("The well house: The rope is changed at midsummer. Its old hemp goes to the gaol for picking.",
            "What becomes of the old rope?", "It goes to the gaol for picking."),
    Example("Harvest fair: Wrestlers at the fair are paid in cheese. The winner of the last round gets a calf.",
            "What does the best wrestler win?", "The winner of the last round gets a calf."),
    Example("The tannery: Hides lie in the pits for eleven weeks. The smell keeps the tax men away.",
            "How long are hides left in the pits?", "They lie there for eleven weeks."),
    Example("Saint Orsel: The saint walked here from Dunmere with a goose under her arm.",
            "Where did the saint come from?", "She came from Dunmere, with a goose under her arm."),
    Example("The toll house burnt down in the year 312. A candle maker named Hesk was blamed, and left at night.",
            "Who was blamed for the fire?", "A candle maker named Hesk was blamed."),
    Example("The weavers' hall: Red cloth may be sold on market days only, because of an old quarrel with the dyers.",
            "Why can't I buy red cloth today?", "It is sold on market days only, because of an old quarrel."),
    Example("The north gate: It shuts at the second bell. Latecomers may sleep in the hay loft of the gatekeeper.",
            "I missed the gate. Where could I sleep?", "In the hay loft of the gatekeeper."),
    Example("Bees: Sister Amalt keeps forty hives on the south wall, and sells the wax to the bell founder.",
            "Who buys the wax?", "The bell founder buys it."),
    Example("The bell: It was cast from the helmets of the beaten army. It cracked in its third winter.",
            "What was that bell made of?", "It was cast from the helmets of the beaten army."),
    Example("The marsh road: Travellers follow the white posts. Where one is missing, they wait for the reed cutters.",
            "What if there is no post to follow?", "Then wait for the reed cutters."),
    Example("Apples: The grey ones keep until spring, if they never touch one another.",
            "How do I keep grey apples till spring?", "They keep if they never touch one another."),
    Example("The duel: Count Varro and his brother fought over a hunting dog. Neither was ever seen to hunt again.",
            "What was the fight between the brothers about?", "They fought over a hunting dog."),
    Example("The smithy: Jonna the smith shoes horses in the morning and mends kettles after noon.",
            "When can Jonna see to my horse?", "She shoes horses in the morning."),
    Example("The glass works: Sand is brought from the Isle of Perrin by sixteen barges.",
            "How many boats carry the sand?", "Sixteen barges carry it."),
    Example("The old tongue: Shepherds still count their flocks in it. Nobody else has spoken it for a hundred years.",
            "Does anyone speak the old tongue?", "Only the shepherds, who still count their flocks in it."),
    Example("The infirmary: Willow bark is given for fevers and honey for burns. Brother Cale has the key.",
            "I burnt my hand. What would they give me?", "They would give you honey."),
    Example("Wolves: In hard winters they come down to the charcoal pits, drawn by the warmth and not by hunger.",
            "Why do the wolves come so near?", "The warmth of the charcoal pits draws them."),
    Example("The post: Letters for the coast leave on the fourth day of the week with a mule named Duchess.",
            "What is the mule called?", "She is named Duchess."),
    Example("The cellar: Under the town hall lies a cellar that floods at every full moon.",
            "When is it wet down there?", "It floods at every full moon."),
    Example("The painter: Ilse Brand painted the ceiling lying on her back for two years, and never looked up again.",
            "Who did the ceiling?", "Ilse Brand painted it, lying on her back for two years."),
    Example("The cliff path: It was cut by smugglers. The steps are counted going down, never going up.",
            "Who made the path down the cliff?", "Smugglers cut it."),
    Example("Bonfire night: Each household brings a chair that nobody mends any more, and it is burnt for luck.",
            "What am I to bring to the bonfire?", "A chair that nobody mends any more."),
    Example("The clockmaker: His clock has only one hand, since the town could not pay for two.",
            "Why is there one hand on the clock?", "Since the town could not pay for two."),
    Example("The regiment: Its colours are green and black. The drummer must be the youngest of them.",
            "Which colours do they wear?", "Green and black."),
    Example("The hermit: He lives on the island in the tarn. He takes visitors if they bring salt.",
            "What should I carry to the hermit?", "Bring salt, and he takes visitors."),
)  # fmt: skip
INTRODUCTIONS = (("Who are you?", "I am {}."), ("What do they call you?", "They call me {}."))


def beside(player: str, reply: str) -> str:
    """A note that has nothing to do with an exchange, for every second one; always the same for the same words.

    Notes come with every turn, whether they bear on it or not: a voice that is learned without any is lost with them.
    """
    chance = random.Random(f"{player}\n{reply}")  # noqa: S311 - it keeps no secret
    return chance.choice(AUTHORED).note if chance.random() < BESIDE else ""


def for_scene(scene: Scene, learned: int) -> Iterator[list[Example]]:
    """Dialogues to rehearse while so many answers of a character are learned: the character's own examples first.

    One who mostly speaks to others learns to say their names; who it is is rehearsed as well.
    """
    named = [Example("", asked, reply.format(scene.name)) for asked, reply in INTRODUCTIONS]
    others = [*WORKED, *AUTHORED]
    random.Random(scene.name).shuffle(others)  # noqa: S311 - it keeps no secret
    chosen = [*named, *scene.examples, *others][: max(learned // SHARE, TOGETHER)]
    for start in range(0, len(chosen), TOGETHER):
        yield chosen[start : start + TOGETHER]
