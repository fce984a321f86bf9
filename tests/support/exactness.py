"""How exact tests found something to be, told at the end of the run by whichever process ran them."""

WITHIN = "log probabilities within"  # a report's property: (family, largest difference from stock generate's)
