"""From cells as sent to typed values. One small pure function per kind; none of them knows a database."""
