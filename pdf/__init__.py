"""From a QWeb report's HTML to finished PDF files, without Odoo's web server.

The modules of this package know nothing of records, users or companies. By stage:

- ``html``: a report's documents, each a self-contained, inert HTML page;
  ``css``, ``bidi``, ``fonts`` and ``qr`` serve it;
- ``markers``: invisible marks that tell where an element came to lie;
- ``converter``: the ``wkhtmltopdf`` process; ``program`` and ``scale`` know it;
- ``content_stream``: what is painted where on a converted page, and what it says;
  ``text_fonts`` and ``visible_text`` serve it;
- ``pagination``: where one sheet ends and the next one begins; ``geometry``: how large
  a sheet is;
- ``check``: whether all of a document is there, on the sheet, and can be read;
- ``overlays``: headers and footers, which documents share;
- ``document``: the final file, with headers, footers, links and ``metadata``;
- ``pipeline``: all of it, for a batch;
- ``core_bridge``: what travels through core's report methods;
- ``web_view``: the same document in a browser.
"""
