"""What the add-on is developed with: demo, walkthrough, tests, measurements.

Everything but the Stripe sandbox, which stands by itself.
"""
