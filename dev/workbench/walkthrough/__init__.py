"""The main job in a browser: staff sends an invoice, the customer pays it on a phone.

``make walkthrough`` plays it against the demo that runs, or one that it starts, and
saves a picture of each step in ``.dev/screenshots/``.
"""
