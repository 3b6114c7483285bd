"""What mails are made of, apart from the database: addresses, servers' answers."""
