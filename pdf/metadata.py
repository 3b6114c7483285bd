"""What a file says of itself, as XMP (ISO 16684-1)."""

from xml.sax.saxutils import escape, quoteattr

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>{elements}
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def packet(title, author, lang):
    """
    :param str title: the document's title.
    :param str author: who issued it.
    :param str lang: BCP 47 language tag.
    :rtype: bytes
    """
    elements = (
        ("title", "Alt", title, f" xml:lang={quoteattr('x-default')}"),
        ("creator", "Seq", author, ""),
        ("language", "Bag", lang, ""),
    )
    written = "".join(
        f"<dc:{name}><rdf:{kind}><rdf:li{attribute}>{escape(value)}</rdf:li>"
        f"</rdf:{kind}></dc:{name}>"
        for name, kind, value, attribute in elements
        if value
    )
    return _PACKET.format(elements=written).encode()
