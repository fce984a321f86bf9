"""Which language the commands speak: --lang, else ASKCAM_LANG, else the system's (LC_ALL, LC_MESSAGES, LANG)."""

from collections.abc import Mapping, Sequence

from askcam.server.language.catalogue import SOURCE, languages, locales_of, meant

LANGUAGES = languages(locales_of(__name__))
FLAG = "--lang"


def chosen(argv: Sequence[str], env: Mapping[str, str]) -> str:
    """`argv` without the program's name. The help is written before anything is parsed, so the flag is looked for here;
    what it may be is checked when it is parsed. What is not known here is English."""
    for place, word in enumerate(argv):
        if word == FLAG:
            return known("".join(argv[place + 1 : place + 2])) or SOURCE
        if word.startswith(f"{FLAG}="):
            return known(word.partition("=")[2]) or SOURCE
        if not word.startswith("-"):
            break  # the command: what comes after it is the command's own
    for name in ("ASKCAM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return known(env[name]) or SOURCE
    return SOURCE


def known(name: str) -> str | None:
    """ "zh" of "zh_CN.UTF-8", "ZH-tw" and "zh"; None for a language that there are no words in."""
    return meant(name, LANGUAGES)
