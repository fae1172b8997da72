"""The timeline in one store, SQLite: everything that a session tells, in a temporary file or in a trace."""
