"""Expressions of not knowing, refusing and being a program, in some languages, as regular expressions.

They are held against plain text (`npcops.wording.plain`): lower case, no accents, `'` for every apostrophe. Those whose
names begin with `OWN` are said by whom their verb is said of: `you can't tell` refuses nothing.
"""

from __future__ import annotations

import re

_NOT = r"(?:do|does|did|could|can|would|will|is|are|am|have|has)? ?(?:n't|not|n.t|nt)\b"
_OWN_UNSURE = (
    rf"\b(?:{_NOT}|cannot|can't|never) (?:\w+ )?know\b|\b(?:can't|cannot|don't|do not) (?:remember|recall)\b",
    rf"\b(?:{_NOT}|cannot|can't) (?:\w+ )?(?:tell you|rightly say|say for (?:sure|certain)|answer that)\b",
    r"\b(?:never|not|n't) (?:\w+ ){0,2}(?:heard|met(?! an?\b)|learned|learnt|been told)\b",
)
_UNSURE = (
    r"^(?:and |but )?no, (?:i|we) (?:don't|didn't|haven't|can't)\b|\b(?:sell|give|offer) you a (?:guess|copy)\b",
    r"\bdunno\b|\b(?:no|not an?|not the) (?:idea|clue|notion|inkling)\b",
    r"\bno (?:report|record|word|knowledge|way of knowing) (?:on|of|about)\b(?! a lie)|\bhave no record\b",
    r"\b(?:nobody|no one) (?:\w+ ){0,2}(?:heard|learned|learnt|been told|told me(?! to\b))\b",
    r"\b(?:nobody|no one) (?:\w+ )?knows\b",
    r"(?:^|[^\w\s] ?)(?:and |but )?who knows(?=$|[^\w\s]| (?:what|where|why|how|if|whether|who|when)\b)",
    r"(?:'s|\bis|\bwas|\bbe|\bare|\blies) (?:\w+ )?(?:beyond|past|outside) "
    r"(?:me\b|my (?:ken|knowledge|reach|craft|trade|learning|wits?|bank|memory|books?|business)\b)",
    r"\bhaven't got in stock\b",
    r"\b(?:won't|will not|not going to|rather not|decline to|i'll not|do not|don't) (?:\w+ )?(?:guess|invent)\b",
    r"\bnot (?:make|making) (?:it|one|something|that|things?) up\b|\bif i made it up\b",
    r"\bi(?: am|'m) not (?:sure|certain)\b|\bnot in anything i\b|\bdecline to supply\b|\bwouldn't know\b",
    # German, Dutch, Swedish
    r"\bweiss (?:ich )?(?:es |das )?(?:leider )?nicht|\bkeine ahnung\b|\bnie (?:davon )?gehort\b",
    r"\bkann ich (?:dir|euch|ihnen)? ?(?:leider )?nicht sagen\b|\bda(?:s|von) weiss ich nichts\b",
    r"\bweet (?:ik|het|dat) ?(?:het|dat)? ?niet\b|\bgeen idee\b|\bnooit (?:van )?gehoord\b",
    r"\bvet (?:jag )?(?:det )?inte\b|\bingen aning\b",
    # French, Spanish, Italian, Portuguese
    r"\bsais (?:pas|rien|point)\b|\bn'en sais\b|\baucune idee\b|\bj'ignore\b|\bjamais entendu\b",
    r"\bno (?:lo )?se\b|\bni idea\b|\bno tengo (?:ni )?idea\b|\bno sabria\b|\bnunca (?:he )?oi\w*|\blo ignoro\b",
    r"\bnon (?:lo )?so\b|\bnessuna idea\b|\bnon saprei\b|\bmai sentito\b",
    r"\bnao (?:o )?sei\b|\bnao faco ideia\b|\bnunca ouvi\b",
    # Polish, Czech, Russian, Ukrainian, Turkish, Finnish
    r"\bnie wiem\b|\bnie mam pojecia\b|\bnevim\b|\bnemam tuseni\b|\bbilmiyorum\b|\bbilmem\b|\ben tieda\b",
    r"не знаю|понятия не имею|не слыха|не слышал|мне неведомо|поняття не маю|не чув",
    # Japanese, Chinese, Korean, Arabic
    r"知らない|知りません|知らぬ|知らん|わからない|分からない|わかりません|存じません",
    r"不知道|不清楚|没听说|沒聽說|不晓得|모르겠|모릅니다|모르오|몰라|لا أعرف|لا أدري|لا اعرف",
)
_OWN_REFUSING = (
    r"\b(?:won't|will not|shall not|i'll not|must not|may not|refuse to|decline to|must decline|rather not|"
    r"not going to|not allowed to|can't|cannot) (?:\w+ ){0,2}"
    r"(?:tell(?! \w+ (?:\w+ )?from\b)|say|talk|speak|discuss|answer|help(?! (?:but|it|myself|\w+ing)\b)|do that|"
    r"give(?! (?:\w+ )?less\b)|show|share|reveal|repeat|play|assist|betray)\b(?! for (?:sure|certain)| enough\b)",
    r"\b(?:unable|not able) to (?:assist|help|comply)\b|\bdon't take orders\b",
)
_REFUSING = (
    r"\bi (?:must |do )?(?:refuse|decline)\b|\bnot (?:answering|telling|saying|for sale|doing that)\b",
    r"\bi'm not (?:doing|saying|telling|answering)\b",
    r"\bi'm not going to (?!the\b|an?\b|my\b|town\b|sea\b|market\b)",
    r"\b(?:no|none|not) (?:\w+ )?(?:of )?(?:your|yours|anybody's|anyone's) (?:business|concern|affair)\b",
    r"\bnot (?:mine|for me|for you|yours) to (?:tell|say|know|hear|share|give)\b",
    r"\bask me (?:for )?(?:something|anything) else\b",
    r"\b(?:that|it)(?:'s| is) (?:a )?secret(?=$|[^\w\s]| (?:i|we|and|that|to|between|of)\b)",
    r"\byou(?:'ll|'ve| will| won't| can't| cannot) (?:not |never )?(?:hear|get|make) (?:\w+ ){0,2}"
    r"(?:from|out of)? ?me\b",
    r"\bno cargo of mine\b|\bnot a question i take\b|(?:^|[^\w\s] ?)as you were(?=$|[^\w\s])",
    r"\bsag(?:e|en) (?:ich )?(?:dir |euch |ihnen |das )?nicht\b|\bgeht (?:dich|euch|sie) nichts an\b",
    r"\b(?:darf|werde|will|kann) ich (?:\w+ )?nicht (?:verraten|erzahlen|helfen)\b|\bich schweige\b",
    r"\bdirai (?:pas|rien)\b|\bpeux pas (?:vous |te |t')?(?:le )?(?:dire|aider|repondre)\b|\bpas vos affaires\b",
    r"\bno (?:te |se |os )?(?:lo )?(?:dire|contare)\b|\bno puedo (?:decir|ayudar|contestar|hablar)\b|\bno es asunto\b",
    r"\bnon (?:te |ve )?(?:lo )?(?:diro|posso (?:dir|aiutar|rispond))|\bnao (?:te |lhe )?(?:direi|posso dizer)\b",
    r"не скажу|не стану (?:говорить|рассказывать)|не могу (?:сказать|помочь|ответить)|не тво[её] дело",
    r"教えられない|言えない|お断り|話せません|答えられません|不能告诉|不能說|不能说|无可奉告|말할 수 없|알려줄 수 없",
)
_MACHINE = (
    r"\b(?:as|being|i'm|i am) (?:just |only |merely )?an? (?:ai\b|artificial intelligence|(?:large )?language model|"
    r"(?:virtual |digital |ai )?assistant\b|chat ?bot|computer program|non.player character|npc\b)",
    r"\b(?:system prompt|training data|my programming|openai|anthropic|chatgpt)\b",
    r"\bhow (?:can|may) i (?:assist|help) you today\b",
    r"\b(?:als ki\b|ich bin (?:nur )?(?:eine ki\b|ein sprachmodell|ein computerprogramm))",
    r"\b(?:en tant qu'|je suis une )(?:ia\b|intelligence artificielle)",
    r"\b(?:como|soy) (?:una? )?(?:ia\b|inteligencia artificial|modelo de lenguaje)",
    r"языковая модель|искусственный интеллект|言語モデル|語言模型|语言模型|人工智能|언어 모델",
)
UNSURE, OWN_UNSURE, REFUSING, OWN_REFUSING, MACHINE = (
    re.compile("|".join(patterns)) for patterns in (_UNSURE, _OWN_UNSURE, _REFUSING, _OWN_REFUSING, _MACHINE)
)
# Of whom an expression is said stands before it in its clause: the last of these, or something else with an article.
SUBJECT = re.compile(r"\b(?:(?P<own>i|we)|you|he|she|it|they|who|ye|thou)\b")
OTHERS = re.compile(r"\b(?:the|his|her|its|their|your|these|those)\b")
CLAUSE = re.compile(r"[.,;:!?()—–]| - |\b(?:but|and|or|so)\b")
FEELING = re.compile(
    r"^(?:and |but |well |oh |aye |yes |no )*(?:i|we)(?:'m|'d)? (?:am |are |do |was |feel |would )?"
    r"(?:so |very |really |quite )*(?:glad|sorry|happy|pleased|sad|afraid|tired|proud|fond|grateful|angry|love|like|"
    r"hate|hope|wish|fear|miss|thank|feel|trust|enjoy|worry|prefer|think|believe|suppose|reckon|guess|wonder|"
    r"don't (?:like|care|trust|mind))\b"
)
