"""Who is at the door: what a request and a page's report say of their sender.

No Odoo in here: facts in, a grade and its reason out.
"""
