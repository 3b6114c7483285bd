"""What a file says of itself, as XMP (ISO 16684-1)."""

import io
import re
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

# Where the file says that the table of its objects is.
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
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
    (ISO 19005-3, 6.6.2 and 6.6.3). They are appended to the file, which takes a tenth
    of the time that it takes to read and write all of it.

    :param bytes before: the file as it was.
    :param bytes after: the same, with something embedded.
    :rtype: bytes
    """
    source = PdfReader(io.BytesIO(before))
    update = _Update(after)
    title, author = (
        (source.metadata or {}).get(name, "") for name in ("/Title", "/Author")
    )
    info = DictionaryObject(
        update.trailer.get("/Info", DictionaryObject()).get_object()
    )
    entries = {"/Title": title, "/Author": author, "/Creator": "Odoo"}
    for name, text in entries.items():
        if text:
            info[NameObject(name)] = TextStringObject(text)
    update.trailer[NameObject("/Info")] = update.add(info)
    root = update.root
    for name in ("/Lang", "/ViewerPreferences"):
        if name in source.root_object and name not in root:
            root[NameObject(name)] = source.root_object[name]
    if xmp := root.get("/Metadata"):
        stream = DecodedStreamObject()
        stream.set_data(_retitled(xmp.get_object().get_data(), title, author))
        stream[NameObject("/Type")] = NameObject("/Metadata")
        stream[NameObject("/Subtype")] = NameObject("/XML")
        root[NameObject("/Metadata")] = update.add(stream)
    return update.finish()


class _Update:
    """What is appended to a file (incremental updates, ISO 32000-1, 7.5.6).

    :param bytes content: the file.
    """

    def __init__(self, content):
        self.content = content if _has_table(content) else _rewritten(content)
        reader = PdfReader(io.BytesIO(self.content))
        self.trailer = DictionaryObject(reader.trailer)
        reference = self.trailer.raw_get("/Root")
        self.root = reference.get_object()
        self._objects = {reference.idnum: self.root}
        self._size = int(self.trailer["/Size"])

    def add(self, value):
        """Add an object.

        :return: the reference to it.
        """
        number, self._size = self._size, self._size + 1
        self._objects[number] = value
        return IndirectObject(number, 0, self)

    def finish(self):
        """:return: the file with what was added."""
        output = io.BytesIO(self.content)
        output.seek(0, io.SEEK_END)
        places = {}
        for number, value in sorted(self._objects.items()):
            output.write(b"\n")
            places[number] = output.tell()
            output.write(b"%d 0 obj\n" % number)
            value.write_to_stream(output)
            output.write(b"\nendobj")
        self.trailer[NameObject("/Size")] = NumberObject(self._size)
        self.trailer[NameObject("/Prev")] = NumberObject(_get_start(self.content))
        output.write(b"\n")
        start = output.tell()
        # Readers look for the first of the free objects here, too.
        output.write(b"xref\n0 1\n0000000000 65535 f \n")
        for number, place in places.items():
            output.write(b"%d 1\n%010d 00000 n \n" % (number, place))
        output.write(b"trailer\n")
        self.trailer.write_to_stream(output)
        output.write(b"\nstartxref\n%d\n%%%%EOF\n" % start)
        return output.getvalue()


def _get_start(content):
    """Where the table of a file's objects begins; 0 if that is not said."""
    found = _START.search(content, max(len(content) - 64, 0))
    return int(found[1]) if found else 0


def _has_table(content):
    """Whether a file ends with a table of its objects that can be continued."""
    return content.startswith(b"xref", _get_start(content))


def _rewritten(content):
    """The same file as the library writes it, which is with a table."""
    reader = PdfReader(io.BytesIO(content))
    writer = PdfWriter(clone_from=reader)
    writer.pdf_header = reader.pdf_header
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
