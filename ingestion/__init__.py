"""Files in: bucket, contracts, readers, checks, loading, receipts, vault, sample county."""
