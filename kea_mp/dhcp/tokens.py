"""How Kea splits lists in option data.

Runs in: any
"""

from __future__ import annotations

BLANKS = " \t\n"


def split(text: str, delimiter: str = ",", escape: bool = True) -> list[str]:
    """The tokens of text; empty ones are dropped. With escape, a backslash keeps the delimiter (or a backslash) in a
    token; before anything else it is an ordinary character."""
    tokens, token, started, escaped = [], "", False, False
    for char in text:
        if char == delimiter:
            if not started:
                continue
            if escaped:
                escaped, token = False, token + char
                continue
            if token:
                tokens.append(token)
            started, token = False, ""
        elif escape and char == "\\":
            started = True
            if escaped:
                token += char
            escaped = not escaped
        else:
            started = True
            token += "\\" + char if escaped else char
            escaped = False
    token += "\\" if escaped else ""
    return [*tokens, token] if token else tokens


def escaped(token: str, delimiter: str = ",") -> str:
    """A token that `split` gives back as it was."""
    return token.replace("\\", "\\\\").replace(delimiter, "\\" + delimiter)


def rejoined(values: list[str]) -> str:
    """Values as they stood in a text before `split`, for an option that splits it by rules of its own."""
    return ",".join(value.replace(",", "\\,") for value in values)
