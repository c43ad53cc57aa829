"""Reads TwiML the way the carrier does: strictly."""

from typing import Any
from xml.etree import ElementTree

_SPOKEN = ("Say", "Play", "Pause")
Verb = dict[str, Any]


class BadTwiml(Exception):
    """The document can't be carried out; ``code`` is the one the carrier's debugger shows."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code} {detail}")
        self.code, self.detail = code, detail


def read(content: bytes, content_type: str) -> list[Verb]:
    """The verbs of a document, nested ones inside ``inside``. Raises :class:`BadTwiml`."""
    if content_type.split(";")[0].strip() not in ("text/xml", "application/xml"):
        raise BadTwiml("12300", f"content type {content_type}")
    if len(content) > 64 * 1024:
        raise BadTwiml("11750", f"{len(content)} bytes")
    root = _root(content)
    if root is None:
        raise BadTwiml("12100", "not XML, or no <Response>")
    verbs = [_verb(element) for element in root]
    known = {*_SPOKEN, "Gather", "Record", "Redirect", "Hangup", "Reject", "Dial"}
    for verb in verbs:
        if verb["verb"] not in known:
            raise BadTwiml("12200", f"<{verb['verb']}>")
        if verb["verb"] == "Gather" and any(v["verb"] not in _SPOKEN for v in verb["inside"]):
            raise BadTwiml("12200", "only Say, Play and Pause go into Gather")
        for said in (verb, *verb["inside"]):
            if said["verb"] == "Say" and len(said["text"]) > 500:
                raise BadTwiml("13521", f"Say of {len(said['text'])} characters")
    return verbs


def _root(content: bytes) -> ElementTree.Element | None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        return None
    return root if root.tag == "Response" else None


def _verb(element: ElementTree.Element) -> Verb:
    return {
        "verb": element.tag,
        # what is said may be wrapped in the manner it is said in (<prosody>)
        "text": ("".join(element.itertext()) if element.tag == "Say" else element.text or "").strip(),
        "with": dict(element.attrib),
        "inside": [_verb(child) for child in element if child.tag != "prosody"],
    }


def messages(content: bytes) -> list[str] | None:
    """The replies in an answer to an SMS, at most ten; None when it is not TwiML."""
    root = _root(content)
    if root is None:
        return None
    found = []
    for element in root.findall("Message"):
        body = element.find("Body")
        found.append(((body.text if body is not None else element.text) or "").strip())
    return [text for text in found[:10] if text]
