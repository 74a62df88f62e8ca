"""The shared kernel: settings, periods, database, object store, embedded services, command line."""
