// A tale told by the fire at the Stump. Two knots and a stitch.
-> fireside

=== fireside ===
"There was a drummer in the company," says Sergeant Corrow, "by the name of Little Hew. Fifteen. He had a drum with a goat on it."
* "What became of him?" -> the_drum
* "Why a goat?" -> the_drum.goat
* [Say nothing and pass the milk] -> silence

=== the_drum ===
"He was sent across the mud with a message for the quay, in the hard winter of the war. He went in to the waist. Nobody could see him for sleet."
"So he put the drum under his arms, like a man leaning on a table, and he drummed. Not for help. He drummed the supper call. He'd noticed that folk don't always come for help."
"Thirty men turned out with spoons."
-> after

= goat
"He'd painted it himself. It was meant to be a lion."
-> the_drum

=== silence ===
She nods, as if you had got something right. "He was a quiet one as well, off duty."
-> the_drum

=== after ===
* "Did they get him out?" -> out
* "And the drum?"
    "Still there. It's under the mud by the fourth withy. On a cold night, about supper time, you'll see old soldiers stop and turn their heads."
    -> END

=== out
"They did. He's thirty-eight now. He keeps a pie shop on landing 9, and gives a free one to anybody with a spoon."
-> END
