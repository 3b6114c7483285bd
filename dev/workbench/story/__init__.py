"""The main job as a story: staff sends an invoice, the customer pays it on a phone."""
