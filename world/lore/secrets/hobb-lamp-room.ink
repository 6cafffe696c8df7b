// The lamp room at the top of Hobb Light. Only for players who are in the tower.
VAR seen_wall = false
-> lamp_room

=== lamp_room ===
The lamp room is round and smells of warm oil. The humming of the tower is in your teeth.
# place: hobb-light
"Mind the third stair from the top," says Dorrity Penn. "It is hollow. It was made so."
* [Look at the lamp] -> lamp
* [Look at the wall of the stairwell] -> stairwell
* [Ask about the oil store] -> lamp_room.store
+ [Go down] -> leaving

= store
"Bricked up," she says, "in 173, by masons who were paid in gold and drank it all in one evening. Who pays gold for nine courses of brick?"
"I knocked on it once," she adds. "It knocked back. That was the wind. I have decided that it was the wind."
-> lamp_room

=== lamp ===
The lamp has six wicks. The red glass hangs ready on its arm, polished by forty years of sleeves.
"Feel the hinge," says Dorrity. "Worn smooth. A red glass is swung once in twenty years. So who has been swinging it?" She looks pleased. "I have. Every night, before I light up. I want it never to stick."
-> lamp_room

=== stairwell ===
~ seen_wall = true
Low down, where a man lying on the stair could reach, somebody has scratched words with a nail.
You read: "THEY PUT IT OUT. I LIT IT. O.V."
Dorrity holds the lantern steady. "I hung a coat over that for eleven years," she says. "One gets tired of coats."
{seen_wall: She does not ask what you will do.}
-> lamp_room

=== leaving ===
The hum follows you down all hundred and thirty stairs.
-> END
