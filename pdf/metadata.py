"""What a file says of itself, as XMP (ISO 16684-1)."""

import io
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

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


def carried_over(before, after):
    """A file with the title, author and language that it had before it was changed.

    Core's writer, which embeds electronic invoices, keeps none of these entries, and
    replaces the XMP metadata of a file that is to be PDF/A, where both have to agree
    (ISO 19005-3, 6.6.2 and 6.6.3).

    :param bytes before: the file as it was.
    :param bytes after: the same, with something embedded.
    :rtype: bytes
    """
    source = PdfReader(io.BytesIO(before))
    changed = PdfReader(io.BytesIO(after))
    writer = PdfWriter(clone_from=changed)
    writer.pdf_header = changed.pdf_header
    title, author = (
        (source.metadata or {}).get(name, "") for name in ("/Title", "/Author")
    )
    entries = {"/Title": title, "/Author": author, "/Creator": "Odoo"}
    writer.add_metadata({name: text for name, text in entries.items() if text})
    root = writer.root_object
    for name in ("/Lang", "/ViewerPreferences"):
        if name in source.root_object and name not in root:
            root[NameObject(name)] = source.root_object[name].clone(writer)
    if xmp := root.get("/Metadata"):
        stream = DecodedStreamObject()
        stream.set_data(_retitled(xmp.get_data(), title, author))
        stream[NameObject("/Type")] = NameObject("/Metadata")
        stream[NameObject("/Subtype")] = NameObject("/XML")
        root[NameObject("/Metadata")] = writer._add_object(stream)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


_NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


def _retitled(xmp, title, author):
    """XMP metadata with another title and author; as it is, if it is not XML."""
    try:
        root = etree.fromstring(xmp)
    except etree.XMLSyntaxError:
        return xmp
    for path, text in (("dc:title//rdf:li", title), ("dc:creator//rdf:li", author)):
        for entry in root.iterfind(f".//{path}", _NAMESPACES):
            if text:
                entry.text = text
    tree = root.getroottree()
    return etree.tostring(tree, encoding="utf-8")
