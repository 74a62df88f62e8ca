"""Why a published number is what it is: who is counted, on which rows of which file, and the same value once more."""
