"""Who may do what: users, memberships, sessions, audit. Both sides use it."""
