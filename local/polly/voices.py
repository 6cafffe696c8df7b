"""Polly's voices that are imitated, each by a voice of espeak-ng at a pitch and a pace of its own."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD, NEURAL, GENERATIVE = "standard", "neural", "generative"


@dataclass(frozen=True)
class Voice:
    """A voice of Polly: `espeak` is the voice and variant that imitates it, `pitch` 0 to 99, `pace` words a minute."""

    id: str
    gender: str
    language: str
    language_name: str
    engines: tuple[str, ...]
    espeak: str
    pitch: int = 50
    pace: int = 165

    def described(self) -> dict[str, object]:
        """As DescribeVoices has it."""
        return {
            "Id": self.id,
            "Name": self.id,
            "Gender": self.gender,
            "LanguageCode": self.language,
            "LanguageName": self.language_name,
            "SupportedEngines": list(self.engines),
        }


_BRITISH, _AMERICAN = ("en-GB", "British English"), ("en-US", "US English")
_BOTH, _ALL = (NEURAL, STANDARD), (GENERATIVE, NEURAL, STANDARD)

_TABLE = (
    Voice("Amy", "Female", *_BRITISH, _ALL, "en+f2", 48, 160),
    Voice("Emma", "Female", *_BRITISH, _BOTH, "en-gb-x-rp+f4", 34, 175),
    Voice("Brian", "Male", *_BRITISH, _BOTH, "en-gb-x-rp+m2", 32, 150),
    Voice("Arthur", "Male", *_BRITISH, (NEURAL,), "en+m3", 52, 190),
    Voice("Ivy", "Female", *_AMERICAN, _BOTH, "en-us+f5", 92, 195),
    Voice("Joanna", "Female", *_AMERICAN, _ALL, "en-us+f2", 50, 165),
    Voice("Kendra", "Female", *_AMERICAN, _BOTH, "en-us+f3", 42, 160),
    Voice("Kimberly", "Female", *_AMERICAN, _BOTH, "en-us+f1", 55, 165),
    Voice("Salli", "Female", *_AMERICAN, _ALL, "en-us+f4", 60, 170),
    Voice("Ruth", "Female", *_AMERICAN, (GENERATIVE, NEURAL), "en-us+f1", 40, 155),
    Voice("Danielle", "Female", *_AMERICAN, (GENERATIVE, NEURAL), "en-us+f3", 58, 175),
    Voice("Joey", "Male", *_AMERICAN, _BOTH, "en-us+m1", 55, 175),
    Voice("Justin", "Male", *_AMERICAN, _BOTH, "en-us+m5", 90, 180),
    Voice("Kevin", "Male", *_AMERICAN, (NEURAL,), "en-us+m6", 88, 185),
    Voice("Matthew", "Male", *_AMERICAN, _ALL, "en-us+m3", 42, 165),
    Voice("Stephen", "Male", *_AMERICAN, (GENERATIVE, NEURAL), "en-us+m4", 46, 160),
    Voice("Gregory", "Male", *_AMERICAN, (NEURAL,), "en-us+m7", 30, 150),
    Voice("Niamh", "Female", "en-IE", "Irish English", (NEURAL,), "en-gb-scotland+f2", 55, 165),
    Voice("Olivia", "Female", "en-AU", "Australian English", (GENERATIVE, NEURAL), "en+f3", 55, 170),
    Voice("Ayanda", "Female", "en-ZA", "South African English", (GENERATIVE, NEURAL), "en-029+f2", 50, 160),
    Voice("Vicki", "Female", "de-DE", "German", _ALL, "de+f2", 50, 165),
    Voice("Daniel", "Male", "de-DE", "German", (GENERATIVE, NEURAL), "de+m3", 45, 160),
    Voice("Lea", "Female", "fr-FR", "French", _ALL, "fr+f2", 50, 165),
    Voice("Remi", "Male", "fr-FR", "French", (GENERATIVE, NEURAL), "fr+m3", 45, 160),
    Voice("Lucia", "Female", "es-ES", "Castilian Spanish", _ALL, "es+f2", 50, 165),
    Voice("Sergio", "Male", "es-ES", "Castilian Spanish", (GENERATIVE, NEURAL), "es+m3", 45, 160),
    Voice("Bianca", "Female", "it-IT", "Italian", _ALL, "it+f2", 50, 165),
    Voice("Adriano", "Male", "it-IT", "Italian", (NEURAL,), "it+m3", 45, 160),
    Voice("Camila", "Female", "pt-BR", "Brazilian Portuguese", _ALL, "pt-br+f2", 50, 165),
    Voice("Thiago", "Male", "pt-BR", "Brazilian Portuguese", (NEURAL,), "pt-br+m3", 45, 160),
    Voice("Ola", "Female", "pl-PL", "Polish", (GENERATIVE, NEURAL), "pl+f2", 50, 165),
    Voice("Tatyana", "Female", "ru-RU", "Russian", (STANDARD,), "ru+f2", 50, 165),
    Voice("Maxim", "Male", "ru-RU", "Russian", (STANDARD,), "ru+m3", 45, 160),
)
VOICES = {voice.id: voice for voice in _TABLE}
