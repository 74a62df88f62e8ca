"""Who may read what: reviewed data files, brought into the database, compared with it, and tried against it."""
