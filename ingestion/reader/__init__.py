"""From the bytes of a delivered file to its data rows: what it is, how it is encoded, where its header stands."""
