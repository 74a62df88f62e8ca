"""The sample county: invented people in real villages, and the files that departments would send about them.

population -> one month's state -> records per subject -> a department's habits -> planted defects -> files, manifest.
Departments are data (``offices/*.yaml`` and the contracts); the Python here knows subjects: households, houses, meters.
"""
