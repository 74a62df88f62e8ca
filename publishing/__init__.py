"""What leaves: the plan of a build, the switch, the rollback, the ledger of publications."""
