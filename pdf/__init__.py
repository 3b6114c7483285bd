"""From a QWeb report's HTML to finished PDF files, without Odoo's web server.

The modules of this package know nothing of records, users or companies:

- ``css``: the rules of a stylesheet that a document uses;
- ``html``: one self-contained, inert HTML page per document;
- ``geometry``: sheet sizes, margins and scale;
- ``converter``: the ``wkhtmltopdf`` process;
- ``content``: what is painted where on a converted page;
- ``pagination``: where one sheet ends and the next one begins;
- ``assembly``: the final file, with headers, footers, links and metadata;
- ``production``: all of it, for a batch.
"""
