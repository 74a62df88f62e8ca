"""What must hold before anything is published: suites as data, and the gate that runs them."""
