"""Rules that need no database: addresses, mail servers' answers, who a visitor is."""
