"""PostgreSQL, Odoo and their companions: started, watched and stopped together."""
